import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ObjectiveLoss } from '../objectives/objective.ts';

/** The tensors of a minibatch of a round: `observations` [rows, …stateShape], the others [rows]. */
export interface RoundTensors {
  readonly observations: Tensor;
  readonly actions: Tensor;
  /** The λ-returns. */
  readonly returns: Tensor;
  /** How much each step counts, 0 for one that was lost. */
  readonly weights: Tensor;
}

/**
 * ½·mean wₜ(Gₜ − Q(sₜ, aₜ))² (Gallici et al., 2024, algorithm 1). Its derivative by Q(sₜ, aₜ) is −wₜ(Gₜ − Q(sₜ, aₜ))/rows,
 * which is given here, since tfjs's chain rule takes 30 operations to find it.
 *
 * @param q [rows, actions]
 * @param taken the actions taken, one-hot: made outside of the gradient's scope, whose tensors are gone when it is used.
 */
export function roundLoss(tf: TensorFlow, q: Tensor2D, taken: Tensor2D, batch: RoundTensors): ObjectiveLoss {
  const { returns, weights } = batch;
  const errorsOf = (values: Tensor) => tf.sub(returns, tf.sum(tf.mul(values, taken), 1));
  const lossOf = tf.customGrad((values, save) => {
    const errors = errorsOf(values as Tensor);
    const weighted = tf.mul(weights, errors);
    (save as (tensors: Tensor[]) => void)([weighted]);
    return {
      value: tf.mul(tf.mean(tf.mul(weighted, errors)), 0.5),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.mul(tf.expandDims(tf.mul(saved[0], tf.div(tf.neg(dy), q.shape[0])), 1), taken),
    };
  });
  return {
    loss: lossOf(q) as Scalar,
    priorities: tf.abs(tf.mul(weights, errorsOf(q))),
    stats: { meanQ: tf.mean(tf.sum(tf.mul(q, taken), 1)) },
  };
}
