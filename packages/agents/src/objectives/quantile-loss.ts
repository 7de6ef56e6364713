import { oneHot } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { ObjectiveContext, ObjectiveLoss, TransitionTensors } from './objective.ts';
import { distributionAt } from './per-action.ts';

/** What the quantiles of a batch are held to. */
export interface QuantileTargets {
  /** [rows, N′]: samples of the target's distribution. */
  readonly samples: Tensor;
  /** [rows, N] or [1, N]: the level τ of each quantile. */
  readonly levels: Tensor;
}

/**
 * Quantile regression by Huber's loss (Dabney et al., "Distributional reinforcement learning with quantile regression",
 * 2018, equation 10): Σᵢ meanⱼ |τᵢ − 1{uᵢⱼ < 0}|·L(uᵢⱼ)/κ of each row, with uᵢⱼ = target sample j less quantile i; at κ = 0 L/κ is |u|.
 * A row's priority is its loss.
 *
 * @param quantiles [rows, actions, N]
 */
export function quantileLoss(
  { tf, actions }: ObjectiveContext,
  quantiles: Tensor,
  { samples, levels }: QuantileTargets,
  kappa: number,
  { actions: taken, weights }: TransitionTensors,
): ObjectiveLoss {
  const chosen = distributionAt(tf, quantiles, oneHot(tf, taken, actions));
  const losses = quantileLosses(tf, chosen, samples, levels, kappa);
  return {
    loss: tf.mean(tf.mul(weights, losses)) as Scalar,
    priorities: losses,
    stats: { meanQ: tf.mean(chosen) },
  };
}

/**
 * The loss of each row, [rows]. With c = u/κ cut to [−1, 1], L(u)/κ is c·(u − ½κc) and its derivative c, which is given
 * here: tfjs's chain rule would take several tensors [rows, N, N′] to find it.
 */
function quantileLosses(
  tf: TensorFlow,
  quantiles: Tensor,
  samples: Tensor,
  levels: Tensor,
  kappa: number,
): Tensor {
  const [, count] = samples.shape;
  const lossesOf = tf.customGrad((...inputs) => {
    const [theta, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    const errors = tf.sub(tf.expandDims(samples, 1), tf.expandDims(theta, 2));
    const level = tf.expandDims(levels, 2);
    const sides = tf.where(tf.less(errors, 0), tf.sub(1, level), level);
    const slopes = kappa === 0 ? tf.sign(errors) : tf.clipByValue(tf.div(errors, kappa), -1, 1);
    const weighed = tf.mul(sides, slopes);
    save([tf.mean(weighed, 2)]);
    const rest = kappa === 0 ? errors : tf.sub(errors, tf.mul(slopes, kappa / 2));
    return {
      value: tf.div(tf.sum(tf.mul(weighed, rest), [1, 2]), count!),
      // As a quantile rises, its errors fall.
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(tf.neg(saved[0]!), tf.expandDims(dy, 1)),
    };
  });
  return lossesOf(quantiles);
}
