import { fileURLToPath } from 'node:url';
import { loadModel } from '@qfleet/networks';
import { loadTensor, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { LanguageLearner, type TokenBatch } from '../src/index.ts';
import { bucketsOf, tokensOf } from '../src/language/token-batch.ts';
import { Lcg } from './batches.ts';

type Binding = NonNullable<Runtime['binding']>;

const ROWS = 3;
/** Its context is 40 tokens. */
const { shape, tensors } = loadModel(
  fileURLToPath(new URL('../../networks/test/reference/language/stored/llama', import.meta.url)),
);

/** Texts of so many predictions, the second one padded at its beginning and the third at its end. */
function batchOf(length: number, lcg: Lcg): TokenBatch {
  const whole = length + 1;
  const tokens = Int32Array.from({ length: ROWS * whole }, () => lcg.integer(shape.vocabulary));
  const mask = new Uint8Array(ROWS * whole).fill(1);
  const padding = Math.floor(length / 3);
  mask.fill(0, whole, whole + padding);
  mask.fill(0, ROWS * whole - padding);
  return { rows: ROWS, tokens, mask };
}

describe('tokensOf', () => {
  it('pads to the first length that holds the texts, and lets nothing see or count padding', () => {
    const batch = { rows: 2, tokens: Int32Array.of(5, 6, 7, 8, 9, 10) };
    const { inputs, targets } = tokensOf(batch, [1, 4, 8]);
    expect(inputs).toEqual({
      ids: Int32Array.of(5, 6, 0, 0, 8, 9, 0, 0),
      positions: Int32Array.of(0, 1, 1, 1, 0, 1, 1, 1),
      mask: Int32Array.of(1, 1, 0, 0, 1, 1, 0, 0),
      targets: Int32Array.of(6, 7, 0, 0, 9, 10, 0, 0),
      weights: Float32Array.of(1, 1, 0, 0, 1, 1, 0, 0),
    });
    expect(targets).toBe(4);
  });

  it('has five lengths, and the context above them', () => {
    expect(bucketsOf(1024)).toEqual([32, 64, 128, 256, 512, 1024]);
    expect(bucketsOf(256)).toEqual([32, 64, 128, 256]);
    expect(bucketsOf(20)).toEqual([20]);
    expect(() => tokensOf({ rows: 1, tokens: new Int32Array(22) }, bucketsOf(20))).toThrow(
      /has texts of 21 tokens, and the model takes 20 at most/,
    );
  });
});

describe('a learner of texts', () => {
  let runtime: Runtime;
  let [loads, calls] = [0, 0];
  beforeAll(async () => {
    const real = await loadTensor();
    const native = real.binding!;
    const counting: Pick<Binding, 'loadSavedModel' | 'runSavedModel'> = {
      loadSavedModel: (...given) => {
        loads++;
        return native.loadSavedModel(...given);
      },
      runSavedModel: (...given) => {
        calls++;
        return native.runSavedModel(...given);
      },
    };
    const binding = Object.create(native, Object.getOwnPropertyDescriptors(counting)) as Binding;
    runtime = { ...real, binding };
  });

  const learnerOf = (lengths?: readonly number[]) =>
    new LanguageLearner(
      runtime,
      {
        ...{ shape, rows: ROWS, gradientClip: 1, totalUpdates: null, ...(lengths && { lengths }) },
        optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
        ...{
          learningRate: 1e-3,
          learningRateDecay: 1,
          learningRateSchedule: 'linear',
          learningRateWarmup: 0,
        },
      },
      tensors,
    );

  it('makes an update in one native call, by a trace for each bucket', () => {
    const learner = learnerOf();
    const lcg = new Lcg(1);
    loads = 0;
    for (const length of [3, 32, 33, 40]) learner.update(batchOf(length, lcg));
    expect(loads).toBe(2);
    for (let length = 1; length <= 40; length++) {
      const batch = batchOf(length, lcg);
      calls = 0;
      learner.update(batch);
      expect(calls).toBe(1);
    }
    expect(loads).toBe(2);
    learner.dispose();
  });

  it('learns from padded texts what it learns from them as they are', () => {
    const lcg = new Lcg(2);
    for (const length of [5, 32, 37]) {
      const batch = batchOf(length, lcg);
      const [padded, exact] = [learnerOf(), learnerOf([length])];
      const [one, other] = [padded.evaluate(batch), exact.evaluate(batch)];
      expect(one.targets).toBe(other.targets);
      expect(one.total / other.total).toBeCloseTo(1, 5);
      const [first, second] = [padded.update(batch), exact.update(batch)];
      expect(first.loss / second.loss).toBeCloseTo(1, 5);
      expect(first.gradientNorm / second.gradientNorm).toBeCloseTo(1, 5);
      padded.dispose();
      exact.dispose();
    }
  });

  it('keeps its tensors and its memory over updates of all lengths', () => {
    const learner = learnerOf();
    const lcg = new Lcg(3);
    const batches = Array.from({ length: 40 }, (_, i) => batchOf(i + 1, lcg));
    const after = (updates: number) => {
      for (let i = 0; i < updates; i++) learner.update(batches[i % batches.length]);
      learner.evaluate(batches[7]);
      learner.restore(learner.state());
      return [runtime.tf.memory().numTensors, runtime.binding!.getNumOfTensors()];
    };
    const first = after(80);
    for (let i = 0; i < 5; i++) expect(after(80)).toEqual(first);
    learner.dispose();
  });
});
