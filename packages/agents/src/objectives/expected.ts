import type { DqnConfig } from '@qfleet/config';
import { oneHot, valuesHead } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expectedTarget } from './expected-target.ts';
import { readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { valueAt } from './per-action.ts';
import { sampleUnit } from './unit.ts';

/** The fields of a configuration that this objective reads. */
type ExpectedConfig = Pick<
  DqnConfig,
  | 'nSteps'
  | 'sequence'
  | 'doubleQ'
  | 'loss'
  | 'huberKappa'
  | 'munchausen'
  | 'valueRescaling'
  | 'rewardClip'
  | 'rewardScale'
>;

/**
 * DQN: the expected return. The target is r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van
 * Hasselt et al., 2016, equation 4) and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
export function expectedValue(config: ExpectedConfig): Objective {
  return {
    unit: sampleUnit(config),
    head: valuesHead,
    reads: readingsOf(config),
    targets: (context, online, target, batch) => ({
      returns: expectedTarget(context, config, (_tf, out) => out['values'], online, target, batch),
      chosen: oneHot(context.tf, batch.actions, context.actions),
    }),
    loss({ tf }, out, { returns, chosen }, { weights }) {
      const q = out['values'] as Tensor2D;
      const value = valueAt(tf, q, chosen);
      return {
        loss: lossOfValues(tf, config, q, chosen as Tensor2D, returns, weights),
        priorities: tf.abs(tf.sub(returns, value)),
        stats: { meanQ: tf.mean(value) },
      };
    },
    values: (_tf, out) => out['values'],
  };
}

/**
 * The mean over a batch of each row's weight times its loss: of an error e, Huber's at κ, ½e² within ±κ and κ(|e| − ½κ)
 * beyond (Huber, 1964), or e². With c = e cut to [−κ, κ] that is c·(e − ½c) or e·e, and its derivative c or 2e: which
 * is given here, since tfjs's chain rule takes 30 operations to find it.
 *
 * @param q [rows, actions], by which it differentiates.
 * @param chosen the actions taken, one-hot: made outside of the gradient's scope, whose tensors are gone when it is used.
 */
function lossOfValues(
  tf: TensorFlow,
  { loss, huberKappa: kappa }: Pick<DqnConfig, 'loss' | 'huberKappa'>,
  q: Tensor2D,
  chosen: Tensor2D,
  targets: Tensor,
  weights: Tensor,
): Scalar {
  const lossOf = tf.customGrad((values, save) => {
    const errors = tf.sub(targets, valueAt(tf, values as Tensor, chosen));
    const slope = loss === 'huber' ? tf.clipByValue(errors, -kappa, kappa) : tf.mul(errors, 2);
    const weighted = tf.mul(weights, slope);
    (save as (tensors: Tensor[]) => void)([weighted]);
    // e² = 2e·(e − ½·e)
    const rest = loss === 'huber' ? tf.sub(errors, tf.mul(slope, 0.5)) : tf.mul(errors, 0.5);
    return {
      value: tf.mean(tf.mul(weighted, rest)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        // As Q(s, a) rises, e falls.
        const gradient = tf.mul(saved[0], tf.div(tf.neg(dy), q.shape[0]));
        return tf.mul(tf.expandDims(gradient, 1), chosen);
      },
    };
  });
  return lossOf(q) as Scalar;
}
