import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModel } from '@qfleet/networks';
import { loadTensor, type NamedTensors, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { LanguageLearner } from '../src/index.ts';

/** What `reference/language/main.py` writes. */
interface Steps {
  readonly rows: number;
  readonly learningRate: number;
  readonly warmup: number;
  readonly updates: number;
  readonly decay: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly betas: readonly [number, number];
  readonly steps: readonly {
    readonly tokens: readonly number[];
    readonly mask: readonly number[];
    readonly counts: readonly number[];
    readonly loss: number;
    readonly gradientNorm: number;
  }[];
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const stored = (name: string) => pathOf(`./reference/language/stored/${name}`);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/**
 * Within 1e-5 of the largest number of a tensor.
 *
 * @param gradient where it is 0 but for rounding, as of biases of keys, Adam makes large what rounding left: passed over.
 */
function expectClose(given: NamedTensors, expected: NamedTensors, gradient?: NamedTensors): void {
  expect([...given.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { data }] of expected) {
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const values = given.get(name)!.data;
    const slopes = gradient?.get(name)?.data;
    const isRounding = (i: number) => slopes !== undefined && slopes[i] !== 0 && Math.abs(slopes[i]) < 1e-12;
    const worst = data.reduce(
      (most, value, i) => (isRounding(i) ? most : Math.max(most, Math.abs(value - values[i]))),
      0,
    );
    expect(worst / largest, name).toBeLessThan(1e-5);
  }
}

describe.each(['llama', 'gpt2'])('%s learns a text', (name) => {
  const model = loadModel(pathOf(`../../networks/test/reference/language/stored/${name}`));
  const reference = JSON.parse(readFileSync(`${stored(name)}/steps.json`, 'utf8')) as Steps;
  const { rows, betas, clip } = reference;
  const [beta1, beta2] = betas;
  const learnerOf = (eager: boolean, gradientClip: number | null = clip) =>
    new LanguageLearner(
      runtime,
      {
        ...{ shape: model.shape, rows, gradientClip, eager, totalUpdates: reference.updates },
        optimizer: { kind: 'adamw', beta1, beta2, weightDecay: reference.weightDecay },
        ...{ learningRate: reference.learningRate, learningRateDecay: reference.decay },
        ...{ learningRateSchedule: 'cosine', learningRateWarmup: reference.warmup },
      },
      model.tensors,
    );
  const batches = reference.steps.map(({ tokens, mask, counts }) => ({
    ...{ rows, tokens: Int32Array.from(tokens) },
    ...{ mask: Uint8Array.from(mask), counts: Uint8Array.from(counts) },
  }));

  it.each([
    ['compiled', false],
    ['op by op', true],
  ])('as PyTorch does, %s', (_, eager) => {
    const learner = learnerOf(eager);
    for (const [i, batch] of batches.entries()) {
      const { loss, gradientNorm } = reference.steps[i];
      // Before the update, the evaluation sees what the update's loss is of.
      const { total, targets } = learner.evaluate(batch);
      expect(total / targets / loss).toBeCloseTo(1, 5);
      const measured = learner.update(batch);
      expect(measured.loss / loss).toBeCloseTo(1, 5);
      expect(measured.gradientNorm / gradientNorm).toBeCloseTo(1, 5);
    }
    const [gradient, after] = ['gradient', 'after'].map(
      (each) => loadModel(`${stored(name)}/${each}`).tensors,
    );
    expectClose(learner.parameters(), after, gradient);
    learner.dispose();
  });

  it.each([
    ['compiled', false],
    ['op by op', true],
  ])('with its gradient, %s', (_, eager) => {
    const learner = learnerOf(eager, null);
    learner.update(batches[0]);
    // After one update Adam's first moment is 1 − β₁ of the gradient.
    const moments = [...learner.state()].flatMap(([key, { shape, data }]) =>
      key.startsWith('adam/m/online/')
        ? [[key.slice('adam/m/online/'.length), { shape, data: data.map((m) => m / (1 - beta1)) }] as const]
        : [],
    );
    expectClose(new Map(moments), loadModel(`${stored(name)}/gradient`).tensors);
    learner.dispose();
  });

  it('goes on from its state, and learns nothing where no target counts', () => {
    const [one, other] = [learnerOf(false), learnerOf(false)];
    one.update(batches[0]);
    other.restore(one.state());
    for (const learner of [one, other]) for (const batch of batches.slice(1, 3)) learner.update(batch);
    expect(other.updates).toBe(3);
    expect(other.state()).toEqual(one.state());
    const nothing = { ...batches[0], counts: new Uint8Array(batches[0].tokens.length) };
    expect(one.evaluate(nothing)).toEqual({ total: 0, targets: 0 });
    expect(one.update(nothing)).toEqual({ loss: 0, gradientNorm: 0 });
    one.dispose();
    other.dispose();
  });
});
