import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * float32 [rows, depth] with a 1 in each row at the column that `indices` [rows] names.
 * Other than tfjs's own it takes a depth of 1, and indices of any dtype.
 */
export function oneHot(tf: TensorFlow, indices: Tensor, depth: number): Tensor2D {
  const integers = tf.cast(indices, 'int32') as Tensor1D;
  // Cast afterwards: tfjs's WASM writes integers whatever dtype it is asked for.
  const columns = depth > 1 ? tf.oneHot(integers, depth) : tf.equal(tf.expandDims(integers, 1), 0);
  return tf.cast(columns, 'float32') as Tensor2D;
}
