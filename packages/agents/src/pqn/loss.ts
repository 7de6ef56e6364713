import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ObjectiveLoss } from '../objectives/objective.ts';

/** The tensors of a minibatch of a round, or of a part of one: `observations` [rows, …stateShape], the others [rows]. */
export interface RoundTensors {
  readonly observations: Tensor;
  readonly actions: Tensor;
  /** The λ-returns. */
  readonly returns: Tensor;
  /** How much each step counts, 0 for one that was lost. */
  readonly weights: Tensor;
}

/**
 * ½·mean wₜ(Gₜ − Q(sₜ, aₜ))² over a minibatch (Gallici et al., 2024, algorithm 1), or what a part of it adds to that. Its
 * derivative by Q(sₜ, aₜ) is −wₜ(Gₜ − Q(sₜ, aₜ))/size, which is given here, since tfjs's chain rule takes 30 operations to
 * find it.
 *
 * @param q [rows, actions]
 * @param size of the whole minibatch.
 * @param taken the actions taken, one-hot: made outside of the gradient's scope, whose tensors are gone when it is used.
 */
export function roundLoss(
  tf: TensorFlow,
  size: number,
  q: Tensor2D,
  taken: Tensor2D,
  batch: RoundTensors,
): ObjectiveLoss {
  const { returns, weights } = batch;
  const errorsOf = (values: Tensor) => tf.sub(returns, tf.sum(tf.mul(values, taken), 1));
  const lossOf = tf.customGrad((values, save) => {
    const errors = errorsOf(values as Tensor);
    const weighted = tf.mul(weights, errors);
    (save as (tensors: Tensor[]) => void)([weighted]);
    return {
      value: tf.mul(tf.sum(tf.mul(weighted, errors)), 0.5 / size),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.mul(tf.expandDims(tf.mul(saved[0], tf.div(tf.neg(dy), size)), 1), taken),
    };
  });
  return {
    loss: lossOf(q) as Scalar,
    priorities: tf.abs(tf.mul(weights, errorsOf(q))),
    stats: { meanQ: tf.div(tf.sum(tf.mul(q, taken)), size) },
  };
}
