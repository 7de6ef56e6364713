import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** The cosines and sines by which queries and keys are rotated, [rows, 1, length, size / 2] each. */
export interface Rotation {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * @param frequencies how far each pair turns from one position to the next, in radians.
 * @param positions int32 [rows, length].
 */
export function rotationOf(tf: TensorFlow, frequencies: Float32Array, positions: Tensor2D): Rotation {
  const [rows, length] = positions.shape;
  const places = tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length, 1]);
  const angles = tf.mul(places, tf.tensor1d(frequencies));
  return { cosines: tf.cos(angles), sines: tf.sin(angles) };
}

/**
 * Rotates the first `size` numbers of each head: number i with number i + size/2, as the models on Hugging Face do.
 *
 * @param x [rows, heads, length, headSize].
 */
export function rotate(tf: TensorFlow, { cosines, sines }: Rotation, x: Tensor): Tensor {
  const half = cosines.shape[3]!;
  const rest = x.shape[3]! - 2 * half;
  const [first, second, ...kept] = tf.split(x, rest === 0 ? [half, half] : [half, half, rest], 3);
  return tf.concat(
    [
      tf.sub(tf.mul(first, cosines), tf.mul(second, sines)),
      tf.add(tf.mul(second, cosines), tf.mul(first, sines)),
      ...kept,
    ],
    3,
  );
}
