import type { Layout } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import { expect, it } from 'vitest';
import { ValueAgent } from '../src/value/agent.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 2 };

it('a learner keeps its memory over 100,000 updates', { timeout: 600_000 }, async () => {
  const runtime = await loadTensor();
  const agent = new ValueAgent(runtime, {
    config: dqnConfig(),
    spec: layout,
    seed: 0,
    totalUpdates: 100_000,
  });
  const lcg = new Lcg(1);
  const batches = Array.from({ length: agent.batchesPerUpdate }, () => drawBatch(lcg, layout, 64));
  const tdErrors = new Float32Array(64 * batches.length);
  const train = (updates: number) => {
    for (let done = 0; done < updates; done += batches.length) agent.update(batches, tdErrors);
    // As often as a learner publishes and checkpoints, or oftener.
    agent.restore(agent.state());
    return {
      tensors: runtime.tf.memory().numTensors,
      native: runtime.binding?.getNumOfTensors(),
      rss: process.memoryUsage().rss / 2 ** 20,
    };
  };
  train(10_000);
  const figures = Array.from({ length: 10 }, () => train(10_000));
  console.log(figures.map(({ rss }) => `${rss.toFixed(0)} MiB`).join(', '));
  const [first] = figures;
  for (const { tensors, native, rss } of figures) {
    expect([tensors, native]).toEqual([first.tensors, first.native]);
    // A leak of 200 bytes an update would be more.
    expect(rss - first.rss).toBeLessThan(16);
  }
  agent.dispose();
});
