import type { DqnConfig } from '@qfleet/config';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NextActions } from './next-actions.ts';
import type { TransitionTensors } from './objective.ts';
import { distributionAt } from './per-action.ts';
import { backup } from './rescaling.ts';

/**
 * Samples of the target's distribution, [rows, N′]: r + γ·z of each quantile z of the next actions. Munchausen weighs the
 * quantiles of one level by the policy, as M-IQN does (Vieillard et al., 2020, section 3).
 *
 * @param quantiles [rows, actions, N′], of the target network on s′.
 */
export function sampleTargets(
  tf: TensorFlow,
  { valueRescaling }: Pick<DqnConfig, 'valueRescaling'>,
  quantiles: Tensor,
  { weights, returns, entropies }: NextActions,
  { discounts }: TransitionTensors,
): Tensor {
  const chosen = distributionAt(tf, quantiles, weights);
  const next = entropies === null ? chosen : tf.add(chosen, tf.expandDims(entropies, 1));
  return backup(tf, valueRescaling, tf.expandDims(returns, 1), tf.expandDims(discounts, 1), next);
}
