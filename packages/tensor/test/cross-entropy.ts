import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect } from 'vitest';
import { compile, crossEntropy, type Runtime, type StepFunction } from '../src/index.ts';

/** Holds the cross-entropy and its gradient against what they are defined as. */
export function expectCrossEntropy(runtime: Runtime, eager: boolean): void {
  const { tf } = runtime;
  const step: StepFunction = (_, { logits, labels, weights }) => {
    const losses = (each: Tensor) => crossEntropy(tf, each as Tensor2D, labels as Tensor1D);
    return {
      outputs: {
        losses: losses(logits!),
        gradient: tf.grad((each) => tf.sum(tf.mul(losses(each), weights!)))(logits!),
      },
    };
  };
  const row = fc.record({
    logits: fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 5, maxLength: 5 }),
    label: fc.nat({ max: 4 }),
    weight: fc.float({ min: -2, max: 2, noNaN: true }),
  });
  const compiled = compile(runtime, step, {
    ...{ state: new Map(), eager },
    inputs: {
      logits: { shape: [null, 5] },
      labels: { shape: [null], dtype: 'int32' },
      weights: { shape: [null] },
    },
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 3 }), (rows) => {
      const { losses, gradient } = compiled.run({
        logits: Float32Array.from(rows.flatMap((each) => each.logits)),
        labels: Int32Array.from(rows, (each) => each.label),
        weights: Float32Array.from(rows, (each) => each.weight),
      });
      for (const [i, { logits, label, weight }] of rows.entries()) {
        const most = Math.max(...logits);
        const total = logits.reduce((sum, each) => sum + Math.exp(each - most), 0);
        expect(losses![i]).toBeCloseTo(Math.log(total) + most - logits[label]!, 3);
        for (const [j, each] of logits.entries()) {
          const expected = weight * (Math.exp(each - most) / total - Number(j === label));
          expect(gradient![i * 5 + j]).toBeCloseTo(expected, 4);
        }
      }
    }),
    { numRuns: 20 },
  );
  compiled.dispose();
}
