import type { DqnConfig, ObjectiveConfig } from '@qfleet/config';
import { implicitQuantilesHead, middleLevels } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import { nextActions, readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { quantileLoss } from './quantile-loss.ts';
import { sampleTargets } from './sample-targets.ts';
import { sampleUnit } from './unit.ts';

/**
 * IQN: the return's quantile function (Dabney, Ostrovski, Silver and Munos, "Implicit quantile networks for distributional
 * reinforcement learning", 2018, algorithm 1). Each update draws N levels of the values that learn and N′ of the target, for
 * each row; the loss is that of QR-DQN at those levels. Q, by which a′ is chosen and actors act, is the mean over the
 * head's own K levels, which are the same for all rows: their embeddings are computed once.
 */
export function implicitQuantiles(
  config: DqnConfig,
  of: Extract<ObjectiveConfig, { kind: 'iqn' }>,
): Objective {
  const { samples, targetSamples, actingSamples, cosines, kappa } = of;
  const values = (tf: TensorFlow, out: TensorRecord) => tf.mean(out['quantiles']!, 2);
  return {
    unit: sampleUnit(config),
    head: implicitQuantilesHead(actingSamples, cosines),
    distribution: { kind: 'quantiles', places: middleLevels(actingSamples), output: 'quantiles' },
    reads: [...readingsOf(config), 'random'],
    targets(context, online, target, batch) {
      const { tf, uniform } = context;
      const { observations, nextObservations, actions } = batch;
      const [rows] = actions.shape;
      const drawn = target(nextObservations, uniform([rows!, targetSamples]));
      const valued = {
        online: () => values(tf, online(nextObservations)),
        target: () => values(tf, target(nextObservations)),
        here: () => values(tf, target(observations)),
      };
      const next = nextActions(context, config, valued, batch);
      return {
        samples: sampleTargets(tf, config, drawn['quantiles']!, next, batch),
        levels: uniform([rows!, samples]),
      };
    },
    loss(context, out, targets, batch) {
      const { samples: drawn, levels } = targets;
      return quantileLoss(context, out['quantiles']!, { samples: drawn!, levels: levels! }, kappa, batch);
    },
    values,
  };
}
