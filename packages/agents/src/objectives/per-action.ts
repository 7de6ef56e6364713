import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** Below every value, and finite: a discount of 0 makes 0 of it. */
const LOWEST = -3e38;

/** Values [rows, actions] of which those that the masks do not allow win no maximum. */
export function allowed(tf: TensorFlow, values: Tensor, masks: Tensor | undefined): Tensor {
  return masks === undefined ? values : tf.where(tf.cast(masks, 'bool'), values, LOWEST);
}

/**
 * Q(s, a) of each row: [rows, actions] weighed by `weights` [rows, actions], one-hot where an action was chosen.
 *
 * @example
 * const taken = await compile((tf, _state, { values, chosen }) => ({ outputs: { q: valueAt(tf, values, chosen) } }), {
 *   state: new Map(),
 *   inputs: { values: { shape: [2, 3] }, chosen: { shape: [2, 3] } },
 * });
 * taken.run({ values: Float32Array.of(1, 2, 3, 4, 5, 6), chosen: Float32Array.of(0, 1, 0, 0, 0, 1) }).q; // → Float32Array.of(2, 6)
 * taken.dispose();
 */
export function valueAt(tf: TensorFlow, values: Tensor, weights: Tensor): Tensor {
  return tf.sum(tf.mul(values, weights), 1);
}

/** The distribution of each row, [rows, n]: [rows, actions, n] weighed by `weights` [rows, actions]. */
export function distributionAt(tf: TensorFlow, each: Tensor, weights: Tensor): Tensor2D {
  return tf.sum(tf.mul(each, tf.expandDims(weights, 2)), 1) as Tensor2D;
}
