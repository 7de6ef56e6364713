import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, loadTensor, type Runtime, type StepFunction, stopGradient } from '../src/index.ts';
import { hasLibrary } from './native.ts';

const SHAPE = [2, 3, 4];
const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7) * 1.5);
const weights = Float32Array.from({ length: 24 }, (_, i) => Math.cos(i * 2.3));

describe.skipIf(!hasLibrary)('gradients that tfjs gets wrong or has none of', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu' });
  });

  /** The gradient of sum(weights · op(x)²), eager and compiled, against central differences. */
  const expectGradient = (op: (x: Tensor) => Tensor, shape = SHAPE) => {
    const { tf } = runtime;
    const loss = (each: Tensor) => tf.sum(tf.mul(tf.square(op(each)), tf.tensor(weights, shape)));
    const step: StepFunction = (_, { x }) => ({
      outputs: { loss: loss(x!), gradient: tf.grad(loss)(x!) },
    });
    for (const eager of [true, false]) {
      const compiled = compile(runtime, step, { state: new Map(), inputs: { x: { shape } }, eager });
      const { gradient } = compiled.run({ x });
      const lossAt = (i: number, by: number) => {
        const moved = x.slice();
        moved[i]! += by;
        return compiled.run({ x: moved })['loss']![0]!;
      };
      gradient!.forEach((each, i) => {
        const difference = (lossAt(i, 0.05) - lossAt(i, -0.05)) / 0.1;
        expect(Math.abs(each - difference), `[${i}] ${each} and ${difference}`).toBeLessThan(2e-3);
      });
      compiled.dispose();
    }
  };

  it.each([0, 1, 2, -1])('cumsum along axis %i, any way round', (axis) => {
    const { tf } = runtime;
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true])
        expectGradient((each) => tf.cumsum(each, axis, exclusive, reverse));
    }
  });

  it('cumsum of a vector and of a matrix', () => {
    const { tf } = runtime;
    expectGradient((each) => tf.cumsum(each, 0), [24]);
    expectGradient((each) => tf.cumsum(each, 0), [6, 4]);
  });

  it('lets no gradient through where it is stopped', () => {
    const { tf } = runtime;
    const step: StepFunction = (_, { x, y }) => ({
      outputs: {
        product: tf.grad((each) => tf.sum(tf.mul(each, stopGradient(tf, tf.square(each)))))(x!),
        alone: tf.grad((each) => tf.sum(stopGradient(tf, tf.exp(each))))(x!),
        value: stopGradient(tf, x!),
        other: tf.grads((a, b) => tf.sum(tf.mul(stopGradient(tf, a!), b!)))([x!, y!])[1]!,
      },
    });
    for (const eager of [true, false]) {
      const inputs = { x: { shape: [4] }, y: { shape: [4] } };
      const compiled = compile(runtime, step, { state: new Map(), inputs, eager });
      const given = { x: Float32Array.of(1, -2, 3, 0.5), y: Float32Array.of(5, 6, 7, 8) };
      const { product, alone, value, other } = compiled.run(given);
      expect([...product!]).toEqual([1, 4, 9, 0.25]);
      expect([...alone!]).toEqual([0, 0, 0, 0]);
      expect([...value!]).toEqual([...given.x]);
      expect([...other!]).toEqual([...given.x]);
      compiled.dispose();
    }
    expect(tf.memory().numTensors).toBe(0);
  });
});
