import type { DqnConfig, ObjectiveConfig } from '@qfleet/config';
import { middleLevels, quantilesHead } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import { nextActions, readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { quantileLoss } from './quantile-loss.ts';
import { sampleTargets } from './sample-targets.ts';
import { sampleUnit } from './unit.ts';

/**
 * QR-DQN: N quantiles of the return, at the levels (2i + 1)/2N (Dabney, Rowland, Bellemare and Munos, "Distributional
 * reinforcement learning with quantile regression", 2018, algorithm 1). The target's samples are r + γ·θⱼ(s′, a′; θ⁻), and a′
 * is chosen by the means, as in DQN or double DQN.
 */
export function quantileRegression(
  config: DqnConfig,
  { quantiles, kappa }: Extract<ObjectiveConfig, { kind: 'qr' }>,
): Objective {
  const levels = middleLevels(quantiles);
  const values = (tf: TensorFlow, out: TensorRecord) => tf.mean(out['quantiles']!, 2);
  return {
    unit: sampleUnit(config),
    head: quantilesHead(quantiles),
    distribution: { kind: 'quantiles', places: levels, output: 'quantiles' },
    reads: readingsOf(config),
    targets(context, online, target, batch) {
      const { tf } = context;
      const { observations, nextObservations } = batch;
      const out = target(nextObservations);
      const valued = {
        online: () => values(tf, online(nextObservations)),
        target: () => values(tf, out),
        here: () => values(tf, target(observations)),
      };
      const next = nextActions(context, config, valued, batch);
      return { samples: sampleTargets(tf, config, out['quantiles']!, next, batch) };
    },
    loss(context, out, { samples }, batch) {
      const targets = { samples: samples!, levels: context.tf.tensor2d([levels]) };
      return quantileLoss(context, out['quantiles']!, targets, kappa, batch);
    },
    values,
  };
}
