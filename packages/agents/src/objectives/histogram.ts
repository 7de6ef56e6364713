import { oneHot } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { ObjectiveContext, ObjectiveLoss, TransitionTensors } from './objective.ts';
import { distributionAt } from './per-action.ts';

/** The mean of histograms [rows, actions, n] of logits, on n values. */
export function meanOfLogits(tf: TensorFlow, logits: Tensor, values: Tensor): Tensor {
  return tf.sum(tf.mul(tf.softmax(logits), values), 2);
}

/** The part of the rows whose target lies outside of what a histogram covers. */
export function partOutside(tf: TensorFlow, targets: Tensor, low: number, high: number): Tensor {
  const outside = tf.logicalOr(tf.less(targets, low), tf.greater(targets, high));
  return tf.mean(tf.cast(outside, 'float32'));
}

/**
 * The cross entropy −Σ mᵢ·ln pᵢ of each row, where p is the histogram of the action that was taken and m its target. A
 * row's priority is the divergence Σ mᵢ·ln(mᵢ/pᵢ) (Rainbow, Hessel et al., 2018): the same less what no learning takes away.
 *
 * @param targets `probabilities` [rows, n] and the scalar `targetsOutside`.
 * @param values what each of the n stands for.
 */
export function histogramLoss(
  { tf, actions }: ObjectiveContext,
  logits: Tensor,
  { probabilities, targetsOutside }: TensorRecord,
  { actions: taken, weights }: TransitionTensors,
  values: Tensor,
): ObjectiveLoss {
  const logs = tf.logSoftmax(distributionAt(tf, logits, oneHot(tf, taken, actions)));
  const crossEntropies = tf.neg(tf.sum(tf.mul(probabilities!, logs), 1));
  const negentropies = tf.sum(tf.mul(probabilities!, tf.log(tf.maximum(probabilities!, SMALLEST))), 1);
  return {
    loss: tf.mean(tf.mul(weights, crossEntropies)) as Scalar,
    priorities: tf.relu(tf.add(crossEntropies, negentropies)),
    stats: {
      meanQ: tf.mean(tf.sum(tf.mul(tf.exp(logs), values), 1)),
      targetsOutside: targetsOutside!,
    },
  };
}

/** Above 0, so that 0·ln 0 is 0. */
const SMALLEST = 1e-30;
