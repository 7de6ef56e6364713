import { loadTensor, type Runtime } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Activation, activate } from '../src/layers/activation.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/** The activations as they are defined, with erf by its integral, so that nothing is shared with what is tested. */
const DEFINITIONS: Readonly<Record<Activation, (x: number) => number>> = {
  gelu: (x) => x * normalBelow(x),
  'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  'gelu-sigmoid': (x) => x / (1 + Math.exp(-1.702 * x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
};

/** Φ(x) by Simpson's rule. */
function normalBelow(x: number): number {
  const steps = 400;
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density((i * x) / steps);
  return 0.5 + (sum * x) / steps / 3;
}

describe.each(Object.entries(DEFINITIONS))('%s', (name, definition) => {
  it('has its values and its gradient', () => {
    const { tf } = runtime;
    const points = Float32Array.from({ length: 40 }, (_, i) => (i - 19.5) / 3);
    const apply = (x: Tensor) => activate(tf, name as Activation, x);
    const [value, slope] = tf.tidy(() => {
      const x = tf.tensor1d(points);
      return [
        apply(x).dataSync(),
        tf
          .grad((each) => tf.sum(apply(each)))(x)
          .dataSync(),
      ];
    });
    for (const [i, x] of points.entries()) {
      expect(value[i]).toBeCloseTo(definition(x), 5);
      expect(slope[i]).toBeCloseTo((definition(x + 1e-4) - definition(x - 1e-4)) / 2e-4, 4);
    }
  });
});
