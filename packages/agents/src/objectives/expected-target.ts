import type { DqnConfig } from '@qfleet/config';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type NextActionsConfig, nextActions } from './next-actions.ts';
import type { ObjectiveContext, Outputs, TransitionTensors } from './objective.ts';
import { allowed, valueAt } from './per-action.ts';
import { backup } from './rescaling.ts';

/**
 * The target of an expected return, [rows]: r + γ·Σ π(a′ | s′)·Q(s′, a′; θ⁻), with the policy of `nextActions` and on the
 * scale of `backup`.
 *
 * @param valuesOf Q [rows, actions] of a network's outputs.
 * @example
 * registerObjective('absolute', (config) => ({
 *   unit: sampleUnit(config),
 *   head: valuesHead,
 *   reads: readingsOf(config),
 *   targets: (context, online, target, batch) => ({
 *     returns: expectedTarget(context, config, (_tf, out) => out.values, online, target, batch),
 *   }),
 *   loss({ tf, actions }, out, { returns }, batch) {
 *     const taken = valueAt(tf, out.values, tf.oneHot(tf.cast(batch.actions, 'int32'), actions));
 *     const errors = tf.abs(tf.sub(returns, taken));
 *     return { loss: tf.mean(tf.mul(batch.weights, errors)), priorities: errors, stats: {} };
 *   },
 *   values: (_tf, out) => out.values,
 * }));
 */
export function expectedTarget(
  context: ObjectiveContext,
  config: NextActionsConfig & Pick<DqnConfig, 'valueRescaling'>,
  valuesOf: (tf: TensorFlow, out: TensorRecord) => Tensor,
  online: Outputs,
  target: Outputs,
  batch: TransitionTensors,
): Tensor {
  const { tf } = context;
  const { observations, nextObservations, returns, discounts, nextMasks } = batch;
  const values = valuesOf(tf, target(nextObservations));
  if (config.munchausen === null && !config.doubleQ) {
    const best = tf.max(allowed(tf, values, nextMasks), 1);
    return backup(tf, config.valueRescaling, returns, discounts, best);
  }
  const valued = {
    online: () => valuesOf(tf, online(nextObservations)),
    target: () => values,
    here: () => valuesOf(tf, target(observations)),
  };
  const next = nextActions(context, config, valued, batch);
  const mean = valueAt(tf, values, next.weights);
  const bootstrap = next.entropies === null ? mean : tf.add(mean, next.entropies);
  return backup(tf, config.valueRescaling, next.returns, discounts, bootstrap);
}
