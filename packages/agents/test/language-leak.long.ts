import { fileURLToPath } from 'node:url';
import { loadModel } from '@qfleet/networks';
import { loadTensor } from '@qfleet/tensor';
import { expect, it } from 'vitest';
import { LanguageLearner } from '../src/index.ts';
import { Lcg } from './batches.ts';

const UPDATES = 20_000;
const ROWS = 3;

it('a learner of texts keeps its memory over 20,000 updates', { timeout: 1_200_000 }, async () => {
  const { shape, tensors } = loadModel(
    fileURLToPath(new URL('../../networks/test/reference/language/stored/llama', import.meta.url)),
  );
  const runtime = await loadTensor();
  const learner = new LanguageLearner(
    runtime,
    {
      ...{ shape, rows: ROWS, gradientClip: 1, totalUpdates: UPDATES },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
      ...{
        learningRate: 1e-3,
        learningRateDecay: 0.1,
        learningRateSchedule: 'cosine',
        learningRateWarmup: 100,
      },
    },
    tensors,
  );
  const lcg = new Lcg(1);
  const batches = Array.from({ length: shape.context }, (_, i) => ({
    rows: ROWS,
    tokens: Int32Array.from({ length: ROWS * (i + 2) }, () => lcg.integer(shape.vocabulary)),
  }));
  const train = (updates: number) => {
    for (let i = 0; i < updates; i++) learner.update(batches[i % batches.length]);
    learner.evaluate(batches[7]);
    // As often as a run takes checkpoints, or oftener.
    learner.restore(learner.state());
    return {
      tensors: runtime.tf.memory().numTensors,
      native: runtime.binding?.getNumOfTensors(),
      rss: process.memoryUsage().rss / 2 ** 20,
    };
  };
  train(UPDATES / 5);
  const figures = Array.from({ length: 8 }, () => train(UPDATES / 10));
  console.log(figures.map(({ rss }) => `${rss.toFixed(0)} MiB`).join(', '));
  const [first] = figures;
  for (const { tensors: count, native, rss } of figures) {
    expect([count, native]).toEqual([first.tensors, first.native]);
    // A leak of a kilobyte an update would be more.
    expect(rss - first.rss).toBeLessThan(16);
  }
  learner.dispose();
});
