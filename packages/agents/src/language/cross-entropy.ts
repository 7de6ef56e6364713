import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * The mean of −log p(target) over the targets that count, in nats; 0 where none does. Its derivative by the logits is
 * w·(softmax − one-hot)/Σw, which is given here: tfjs's own would keep the logarithms beside the probabilities.
 *
 * @param logits [targets, vocabulary]
 * @param chosen the targets, one-hot: made outside of the gradient's scope, whose tensors are gone when it is used.
 * @param weights [targets]: 1 for those that count, else 0.
 */
export function crossEntropy(
  tf: TensorFlow,
  logits: Tensor2D,
  chosen: Tensor2D,
  weights: Tensor,
): { readonly loss: Scalar; readonly losses: Tensor } {
  const shares = tf.div(weights, tf.maximum(tf.sum(weights), 1));
  const lossOf = tf.customGrad((given, save) => {
    const losses = lossesOf(tf, given as Tensor2D, chosen);
    (save as (tensors: Tensor[]) => void)([given as Tensor, shares]);
    return {
      value: tf.sum(tf.mul(losses, shares)),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.mul(tf.sub(tf.softmax(saved[0]), chosen), tf.expandDims(tf.mul(dy, saved[1]), 1)),
    };
  });
  return { loss: lossOf(logits) as Scalar, losses: lossesOf(tf, logits, chosen) };
}

/** −log p(target) of each target, [targets]. */
export function lossesOf(tf: TensorFlow, logits: Tensor2D, chosen: Tensor2D): Tensor {
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), chosen), 1));
}
