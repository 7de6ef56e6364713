import type { DqnConfig } from '@qfleet/config';
import { oneHot } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ObjectiveContext, Reading, TransitionTensors } from './objective.ts';
import { allowed, valueAt } from './per-action.ts';

/** The policy whose value a target bootstraps from. */
export interface NextActions {
  /** π(· | s′), [rows, actions]: one-hot where it is greedy. */
  readonly weights: Tensor;
  /** What each row's return counts as, [rows]. */
  readonly returns: Tensor;
  /** What each row's next value has added to it, [rows]; null: nothing. */
  readonly entropies: Tensor | null;
}

/** The fields of a configuration that it follows from. */
export type NextActionsConfig = Pick<DqnConfig, 'doubleQ' | 'munchausen'>;

/** Q by the two networks, [rows, actions], each computed only where it is needed. */
export interface Valued {
  /** On s′ by the network that learns. */
  online(): Tensor;
  /** On s′ by the target network. */
  target(): Tensor;
  /** On s by the target network. */
  here(): Tensor;
}

/**
 * What targets of `expectedTarget` read beside the batch: the `reads` of an objective that takes them.
 *
 * @example
 * readingsOf({ doubleQ: true, munchausen: null }); // → []
 * readingsOf({ doubleQ: false, munchausen: { alpha: 0.9, tau: 0.03, clip: -1 } }); // → ['masks']
 */
export const readingsOf = ({ munchausen }: NextActionsConfig): Reading[] =>
  munchausen === null ? [] : ['masks'];

/**
 * The greedy policy by the target network, or by the network that learns for double Q-learning (van Hasselt et al.,
 * 2016); or Munchausen's (Vieillard, Pietquin and Geist, "Munchausen reinforcement learning", 2020, equation 1):
 * π = softmax(Q(s′, ·; θ⁻)/τ), with −τ·ln π added to the next value and α·max(τ·ln π(a | s), clip) to the return.
 * With n-step returns that is the bonus of the first of the n actions, for the others are not in the batch.
 */
export function nextActions(
  { tf, actions }: Pick<ObjectiveContext, 'tf' | 'actions'>,
  { doubleQ, munchausen }: NextActionsConfig,
  values: Valued,
  batch: TransitionTensors,
): NextActions {
  const { returns, nextMasks, masks } = batch;
  if (munchausen === null) {
    const choosing = doubleQ ? values.online() : values.target();
    const best = tf.argMax(allowed(tf, choosing, nextMasks), 1);
    return { weights: oneHot(tf, best, actions), returns, entropies: null };
  }
  const { alpha, tau, clip } = munchausen;
  const next = softPolicy(tf, values.target(), nextMasks, tau);
  const here = softPolicy(tf, values.here(), masks, tau);
  const taken = valueAt(tf, here.tauLogs, oneHot(tf, batch.actions, actions));
  return {
    weights: next.policy,
    returns: tf.add(returns, tf.mul(tf.maximum(taken, clip), alpha)),
    entropies: tf.neg(valueAt(tf, next.tauLogs, next.policy)),
  };
}

/**
 * π = softmax(q/τ) over the allowed actions and τ·ln π = q − max q − τ·ln Σ exp((q − max q)/τ), in the form that stays
 * finite for any q/τ; both 0 where an action is not allowed.
 */
function softPolicy(
  tf: TensorFlow,
  q: Tensor,
  masks: Tensor | undefined,
  tau: number,
): { policy: Tensor; tauLogs: Tensor } {
  const only = (x: Tensor): Tensor => (masks === undefined ? x : tf.where(tf.cast(masks, 'bool'), x, 0));
  const below = tf.sub(q, tf.max(allowed(tf, q, masks), 1, true));
  const powers = only(tf.exp(tf.div(only(below), tau)));
  const sum = tf.sum(powers, 1, true);
  return { policy: tf.div(powers, sum), tauLogs: only(tf.sub(below, tf.mul(tf.log(sum), tau))) };
}
