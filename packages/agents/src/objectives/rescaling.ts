import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * What a value becomes one step back, r + γ·v: on the scale of values where that is rescaled, h(r + γ·h⁻¹(v)) (Pohlen et
 * al., "Observe and look further", 2018, proposition A.2). Works on quantiles and atoms alike, since h is monotone.
 *
 * @param epsilon that of h; null: values have the scale of returns.
 */
export function backup(
  tf: TensorFlow,
  epsilon: number | null,
  returns: Tensor,
  discounts: Tensor,
  next: Tensor,
): Tensor {
  if (epsilon === null) return tf.add(returns, tf.mul(discounts, next));
  return rescale(tf, epsilon, tf.add(returns, tf.mul(discounts, unscale(tf, epsilon, next))));
}

/** h(x) = sign(x)(√(|x| + 1) − 1) + εx, where √(m + 1) − 1 = m/(√(m + 1) + 1) loses no digits at small m. */
function rescale(tf: TensorFlow, epsilon: number, x: Tensor): Tensor {
  const root = tf.sqrt(tf.add(tf.abs(x), 1));
  return tf.add(tf.div(x, tf.add(root, 1)), tf.mul(x, epsilon));
}

/**
 * h⁻¹(y): with u = √(|x| + 1) − 1, |y| = u + ε(u² + 2u), of which the root is u = 2|y|/(1 + 2ε + √((1 + 2ε)² + 4ε|y|)) and
 * |x| = u(u + 2). The paper's form of it subtracts neighbouring numbers, which float32 does not bear.
 */
function unscale(tf: TensorFlow, epsilon: number, y: Tensor): Tensor {
  const b = 1 + 2 * epsilon;
  const root = tf.sqrt(tf.add(tf.mul(tf.abs(y), 4 * epsilon), b * b));
  const u = tf.div(tf.mul(y, 2), tf.add(root, b));
  return tf.mul(u, tf.add(tf.abs(u), 2));
}
