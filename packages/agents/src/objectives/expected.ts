import type { DqnConfig } from '@qfleet/config';
import { oneHot, valuesHead } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Objective } from './objective.ts';

/** The fields of a configuration that this objective reads. */
type ExpectedConfig = Pick<DqnConfig, 'nSteps' | 'doubleQ' | 'loss'>;

/**
 * DQN: the expected return. The target is r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van
 * Hasselt et al., 2016, equation 4) and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
export function expectedValue({ nSteps, doubleQ, loss }: ExpectedConfig): Objective {
  return {
    unit: { kind: 'transition', nSteps },
    head: valuesHead,
    targets({ tf, actions }, online, target, batch) {
      const { nextObservations, returns, discounts, nextMasks } = batch;
      const values = target(nextObservations)['values'] as Tensor2D;
      const best = () => tf.argMax(allowed(tf, online(nextObservations)['values'], nextMasks), 1);
      const bootstrap = doubleQ
        ? valueAt(tf, values, oneHot(tf, best(), actions))
        : tf.max(allowed(tf, values, nextMasks), 1);
      return {
        returns: tf.add(returns, tf.mul(discounts, bootstrap)),
        chosen: oneHot(tf, batch.actions, actions),
      };
    },
    loss({ tf }, out, { returns, chosen }, { weights }) {
      const q = out['values'] as Tensor2D;
      const value = valueAt(tf, q, chosen as Tensor2D);
      return {
        loss: lossOfValues(tf, loss, q, chosen as Tensor2D, returns, weights),
        priorities: tf.abs(tf.sub(returns, value)),
        stats: { meanQ: tf.mean(value) },
      };
    },
    values: (_tf, out) => out['values'],
  };
}

/** Values [rows, actions] of which those that the masks do not allow win no maximum. */
function allowed(tf: TensorFlow, values: Tensor, masks: Tensor | undefined): Tensor {
  return masks === undefined ? values : tf.where(tf.cast(masks, 'bool'), values, LOWEST);
}

/** Below every value, and finite: a discount of 0 makes 0 of it. */
const LOWEST = -3e38;

/** Q(s, a) of each row: [rows, actions] at one-hot actions. */
function valueAt(tf: TensorFlow, values: Tensor2D, chosen: Tensor2D): Tensor {
  return tf.sum(tf.mul(values, chosen), 1);
}

/**
 * The mean over a batch of each row's weight times its loss: of an error e, Huber's at δ = 1, ½e² within and |e| − ½
 * beyond (Huber, 1964), or e². With c = e cut to [−1, 1] that is c·(e − ½c) or e·e, and its derivative c or 2e: which
 * is given here, since tfjs's chain rule takes 30 operations to find it.
 *
 * @param q [rows, actions], by which it differentiates.
 * @param chosen the actions taken, one-hot: made outside of the gradient's scope, whose tensors are gone when it is used.
 */
function lossOfValues(
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
