import type { Tensor } from '@tensorflow/tfjs-core';
import type { Optimizer } from './optimizer.ts';

/** The hyper-parameters of stochastic gradient descent beside the learning rate. */
export interface SgdOptions {
  /** μ of v ← μ·v + g (Polyak 1964); 0 where absent: none. */
  readonly momentum?: number;
}

/**
 * Stochastic gradient descent, as PyTorch has it: p ← p − η·v, where v is the gradient, or its momentum.
 *
 * @example
 * const optimizer = sgd();
 * const step = await compile(
 *   (tf, state, { gradient, ...rates }) => ({ state: optimizer.apply(tf, state, { w: gradient }, rates) }),
 *   {
 *     state: new Map([['w', { shape: [2], data: Float32Array.of(1, 1) }]]),
 *     inputs: { gradient: { shape: [2] }, learningRate: { shape: [] } },
 *   },
 * );
 * step.run({ gradient: Float32Array.of(2, -4), ...optimizer.rates(1, 0.5) });
 * step.state().get('w')?.data; // → Float32Array.of(0, 3)
 * step.dispose();
 */
export function sgd({ momentum = 0 }: SgdOptions = {}): Optimizer {
  const velocity = (name: string) => `sgd/momentum/${name}`;
  return {
    slotNames: (name) => (momentum === 0 ? [] : [velocity(name)]),
    rates: (_t, learningRate) => ({ learningRate }),
    apply(tf, state, gradients, rates) {
      const changed: Record<string, Tensor> = {};
      for (const [name, gradient] of Object.entries(gradients)) {
        let direction = gradient;
        if (momentum !== 0) {
          direction = tf.add(tf.mul(state[velocity(name)]!, momentum), gradient);
          changed[velocity(name)] = direction;
        }
        changed[name] = tf.sub(state[name]!, tf.mul(direction, rates['learningRate']!));
      }
      return changed;
    },
  };
}
