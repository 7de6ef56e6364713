import type { DqnConfig, ObjectiveConfig } from '@qfleet/config';
import { implicitQuantilesHead, middleLevels } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nextActions, readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { quantileLoss } from './quantile-loss.ts';
import { sampleTargets } from './sample-targets.ts';
import { sampleUnit } from './unit.ts';

/**
 * IQN: the return's quantile function (Dabney, Ostrovski, Silver and Munos, "Implicit quantile networks for distributional
 * reinforcement learning", 2018, algorithm 1). Each update draws N levels of the values that learn and N′ of the target, for
 * each row; the loss is that of QR-DQN at those levels. Q, by which a′ is chosen and actors act, is the mean over the
 * head's own K levels.
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
    reads: [...readingsOf(config), 'random'],
    targets(context, online, target, batch) {
      const { tf, uniform } = context;
      const { observations, nextObservations, actions } = batch;
      const [rows] = actions.shape;
      const drawn = uniform([rows!, targetSamples]);
      // One pass for both: the drawn levels, and where actors' choice counts too, theirs.
      const acting = config.doubleQ ? 0 : actingSamples;
      const asked = acting === 0 ? drawn : tf.concat([drawn, middles(tf, rows!, acting)], 1);
      const quantiles = target(nextObservations, asked)['quantiles']!;
      const part = (from: number, count: number): Tensor =>
        tf.slice(quantiles, [0, 0, from], [rows!, context.actions, count]);
      const valued = {
        online: () => values(tf, online(nextObservations)),
        target: () => tf.mean(part(targetSamples, acting), 2),
        here: () => values(tf, target(observations)),
      };
      const next = nextActions(context, config, valued, batch);
      return {
        samples: sampleTargets(tf, config, part(0, targetSamples), next, batch),
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

/** The levels by which actors act, [rows, count]. */
function middles(tf: TensorFlow, rows: number, count: number): Tensor {
  return tf.tile(tf.tensor2d([middleLevels(count)]), [rows, 1]);
}
