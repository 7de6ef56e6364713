import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** An activation of a transformer's hidden layer. */
export type Activation = 'gelu' | 'gelu-tanh' | 'gelu-sigmoid' | 'silu' | 'relu';

const SQRT_HALF = Math.SQRT1_2;
const SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

/**
 * GELU is x·Φ(x) (Hendrycks and Gimpel, "Gaussian error linear units", 2016), by the error function or by either of the
 * paper's approximations; SiLU is x·σ(x).
 */
const FUNCTIONS: Readonly<Record<Activation, (tf: TensorFlow, x: Tensor) => Tensor>> = {
  gelu: (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, SQRT_HALF)), 1)),
  'gelu-tanh': (tf, x) => {
    const cubed = tf.mul(tf.mul(tf.square(x), x), 0.044715);
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.add(x, cubed), SQRT_TWO_OVER_PI)), 1));
  },
  'gelu-sigmoid': (tf, x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))),
  silu: (tf, x) => tf.mul(x, tf.sigmoid(x)),
  relu: (tf, x) => tf.relu(x),
};

/** The activation of each element. */
export function activate<T extends Tensor>(tf: TensorFlow, activation: Activation, x: T): T {
  return FUNCTIONS[activation](tf, x) as T;
}
