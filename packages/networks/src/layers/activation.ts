import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** An activation of a transformer's hidden layer. */
export type Activation = 'gelu' | 'gelu-tanh' | 'gelu-sigmoid' | 'silu' | 'relu';

const CUBIC = 0.044715;
const SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

/** A share of x, which an activation multiplies x by, and the share's derivative. */
interface Gate {
  share(tf: TensorFlow, x: Tensor): Tensor;
  slope(tf: TensorFlow, x: Tensor, share: Tensor): Tensor;
}

/** σ(scale·x). */
const logistic = (scale: number): Gate => ({
  share: (tf, x) => tf.sigmoid(scale === 1 ? x : tf.mul(x, scale)),
  slope: (tf, _, share) => {
    const each = tf.sub(share, tf.square(share));
    return scale === 1 ? each : tf.mul(each, scale);
  },
});

/**
 * GELU is x·Φ(x) (Hendrycks and Gimpel, "Gaussian error linear units", 2016), by the error function or by either of the
 * paper's approximations; SiLU is x·σ(x).
 */
const GATES: Readonly<Record<Exclude<Activation, 'relu'>, Gate>> = {
  gelu: {
    share: (tf, x) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5),
    slope: (tf, x) => tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)),
  },
  'gelu-tanh': {
    share: (tf, x) => {
      const cubed = tf.mul(tf.mul(tf.square(x), x), CUBIC);
      return tf.mul(tf.add(tf.tanh(tf.mul(tf.add(x, cubed), SQRT_TWO_OVER_PI)), 1), 0.5);
    },
    // (1 + tanh u)/2 is σ(2u).
    slope: (tf, x, share) => {
      const inner = tf.add(tf.mul(tf.square(x), 6 * CUBIC * SQRT_TWO_OVER_PI), 2 * SQRT_TWO_OVER_PI);
      return tf.mul(tf.sub(share, tf.square(share)), inner);
    },
  },
  'gelu-sigmoid': logistic(1.702),
  silu: logistic(1),
};

/** x·share(x), with its gradient share + x·slope: tfjs's chain rule takes more operations to find it. */
function gated(tf: TensorFlow, gate: Gate, x: Tensor): Tensor {
  const apply = tf.customGrad((input, save) => {
    const given = input as Tensor;
    const share = gate.share(tf, given);
    (save as (tensors: Tensor[]) => void)([given, share]);
    return {
      value: tf.mul(given, share),
      gradFunc: (d: Tensor, [kept, part]: Tensor[]) =>
        tf.mul(d, tf.add(part, tf.mul(kept, gate.slope(tf, kept, part)))),
    };
  });
  return apply(x);
}

/** The activation of each element. */
export function activate<T extends Tensor>(tf: TensorFlow, activation: Activation, x: T): T {
  return (activation === 'relu' ? tf.relu(x) : gated(tf, GATES[activation], x)) as T;
}
