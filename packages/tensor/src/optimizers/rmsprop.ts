import type { Tensor } from '@tensorflow/tfjs-core';
import type { Optimizer } from './optimizer.ts';

/** The hyper-parameters of RMSprop beside the learning rate. */
export interface RmspropOptions {
  /** α of the moving averages; 0.99 where absent. */
  readonly decay?: number;
  /** Added to the root, or under it; 1e-8 where absent. */
  readonly epsilon?: number;
  /** Whether ε is under the root, √(s + ε), as in the DQN of Mnih et al. (2015); else it is √s + ε. */
  readonly epsilonInsideRoot?: boolean;
  /** μ of the momentum on the scaled gradient; 0 where absent: none. */
  readonly momentum?: number;
  /** Whether the gradient's variance is taken instead of its second moment (Graves 2013, equations 38 to 41). */
  readonly centered?: boolean;
}

/**
 * RMSprop (Tieleman & Hinton 2012), as PyTorch has it: s ← α·s + (1 − α)·g², p ← p − η·g / (√s + ε); centred, it is
 * √(s − ḡ²) with ḡ ← α·ḡ + (1 − α)·g.
 *
 * @example
 * rmsprop({ decay: 0.95, centered: true }).slotNames('w'); // → ['rmsprop/square/w', 'rmsprop/mean/w']
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { decay = 0.99, epsilon = 1e-8, momentum = 0, centered = false, epsilonInsideRoot = false } = options;
  const square = (name: string) => `rmsprop/square/${name}`;
  const mean = (name: string) => `rmsprop/mean/${name}`;
  const velocity = (name: string) => `rmsprop/momentum/${name}`;
  return {
    slotNames: (name) => [
      square(name),
      ...(centered ? [mean(name)] : []),
      ...(momentum === 0 ? [] : [velocity(name)]),
    ],
    rates: (_t, learningRate) => ({ learningRate }),
    apply(tf, state, gradients, rates) {
      const changed: Record<string, Tensor> = {};
      const averaged = (name: string, value: Tensor): Tensor => {
        changed[name] = tf.add(tf.mul(state[name]!, decay), tf.mul(value, 1 - decay));
        return changed[name];
      };
      for (const [name, gradient] of Object.entries(gradients)) {
        let moment = averaged(square(name), tf.square(gradient));
        if (centered) moment = tf.sub(moment, tf.square(averaged(mean(name), gradient)));
        const root = epsilonInsideRoot ? tf.sqrt(tf.add(moment, epsilon)) : tf.add(tf.sqrt(moment), epsilon);
        let direction = tf.div(gradient, root);
        if (momentum !== 0) {
          direction = tf.add(tf.mul(state[velocity(name)]!, momentum), direction);
          changed[velocity(name)] = direction;
        }
        changed[name] = tf.sub(state[name]!, tf.mul(direction, rates['learningRate']!));
      }
      return changed;
    },
  };
}
