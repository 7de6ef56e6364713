import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Added to the score of a token that is not seen, which it swamps: the token's weight is 0, and yet a row that sees none
 * has finite numbers.
 */
export const UNSEEN = -1e30;

/**
 * What is added to scores so that no token sees what it must not: float32, broadcast to [rows, 1, length, length], of the
 * token that sees and the one that is seen.
 *
 * @param mask [rows, length]: 0 for padding, which no token sees; absent: there is none.
 * @param causal whether a token sees only itself and those before it.
 * @param segments [rows, length]: the text that each token is of, of which alone it sees; absent: a row is one text.
 */
export function unseenBy(
  tf: TensorFlow,
  rows: number,
  length: number,
  mask: Tensor2D | undefined,
  causal: boolean,
  segments?: Tensor2D,
): Tensor {
  const places = tf.range(0, length, 1, 'int32');
  const after = causal
    ? tf.greater(tf.reshape(places, [1, 1, 1, length]), tf.reshape(places, [1, 1, length, 1]))
    : tf.zeros([1, 1, 1, length], 'bool');
  const real = mask ? tf.logicalOr(after, tf.reshape(tf.lessEqual(mask, 0), [rows, 1, 1, length])) : after;
  const hidden = segments ? tf.logicalOr(real, ofOthers(tf, segments)) : real;
  return tf.mul(tf.cast(hidden, 'float32'), UNSEEN);
}

/** Whether two tokens of a row are of different texts, [rows, 1, length, length]. */
function ofOthers(tf: TensorFlow, segments: Tensor2D): Tensor {
  const [rows, length] = segments.shape;
  return tf.notEqual(tf.reshape(segments, [rows, 1, 1, length]), tf.reshape(segments, [rows, 1, length, 1]));
}
