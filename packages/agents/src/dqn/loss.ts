import type { DqnConfig } from '@qfleet/config';
import type { Batch } from '@qfleet/replay';
import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** Q(s, a) of each row: [B, actions] at one-hot actions. */
export function valueAt(tf: TensorFlow, values: Tensor2D, chosen: Tensor2D): Tensor {
  return tf.sum(tf.mul(values, chosen), 1);
}

/**
 * The mean over a batch of each row's weight times its loss: of an error e, Huber's at δ = 1, ½e² within and |e| − ½
 * beyond (Huber, 1964), or e². With c = e cut to [−1, 1] that is c·(e − ½c) or e·e, and its derivative c or 2e: which
 * is given here, since tfjs's chain rule takes 30 operations to find it. Traced for its gradient alone, the value
 * costs nothing: what is reported is `meanLoss`.
 *
 * @param q [rows, actions], by which it differentiates.
 * @param chosen the actions taken, one-hot.
 */
export function lossOfValues(
  tf: TensorFlow,
  loss: DqnConfig['loss'],
  q: Tensor2D,
  chosen: Tensor2D,
  targets: Tensor,
  weights: Tensor,
): Scalar {
  const lossOf = tf.customGrad((values, save) => {
    const errors = tf.sub(targets, valueAt(tf, values as Tensor2D, chosen));
    const slope = loss === 'huber' ? tf.clipByValue(errors, -1, 1) : tf.mul(errors, 2);
    (save as (tensors: Tensor[]) => void)([tf.mul(weights, slope)]);
    const losses = loss === 'huber' ? tf.mul(slope, tf.sub(errors, tf.mul(slope, 0.5))) : tf.square(errors);
    return {
      value: tf.mean(tf.mul(weights, losses)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        // As Q(s, a) rises, e falls.
        const gradient = tf.mul(saved[0], tf.div(tf.neg(dy), q.shape[0]));
        return tf.mul(tf.expandDims(gradient, 1), chosen);
      },
    };
  });
  return lossOf(q) as Scalar;
}

/** The same of errors δ that have left the step: over all rows of `batches`. */
export function meanLoss(
  loss: DqnConfig['loss'],
  errors: ArrayLike<number>,
  batches: readonly Pick<Batch, 'size' | 'weights'>[],
): number {
  let sum = 0;
  let i = 0;
  for (const { size, weights } of batches) {
    for (let row = 0; row < size; row++, i++) {
      const error = errors[i];
      const slope = Math.min(1, Math.max(-1, error));
      sum += weights[row] * (loss === 'huber' ? slope * (error - slope / 2) : error * error);
    }
  }
  return sum / i;
}
