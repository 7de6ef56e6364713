import type { DqnConfig, ObjectiveConfig } from '@qfleet/config';
import { categoricalHead } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { histogramLoss, meanOfLogits, partOutside } from './histogram.ts';
import { nextActions, readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { distributionAt } from './per-action.ts';
import { backup } from './rescaling.ts';
import { sampleUnit } from './unit.ts';

/**
 * C51: the distribution of the return on fixed atoms z (Bellemare, Dabney and Munos, "A distributional perspective on
 * reinforcement learning", 2017). The target puts p(s′, a′; θ⁻) on r + γz, clips that to the atoms' range and gives each
 * atom i the mass Σⱼ pⱼ·max(0, 1 − |[r + γzⱼ] − zᵢ|/Δz) (equation 7); the loss is the cross entropy. a′ is chosen by the means,
 * as in DQN or double DQN.
 */
export function c51(config: DqnConfig, of: Extract<ObjectiveConfig, { kind: 'c51' }>): Objective {
  const { atoms, low, high } = of;
  const width = (high - low) / (atoms - 1);
  const places = Array.from({ length: atoms }, (_, i) => low + i * width);
  const values = (tf: TensorFlow, out: TensorRecord) => meanOfLogits(tf, out['logits']!, tf.tensor1d(places));
  return {
    unit: sampleUnit(config),
    head: categoricalHead(places),
    distribution: { kind: 'histogram', places, output: 'logits' },
    reads: readingsOf(config),
    targets(context, online, target, batch) {
      const { tf } = context;
      const { observations, nextObservations, discounts } = batch;
      const out = target(nextObservations);
      const valued = {
        online: () => values(tf, online(nextObservations)),
        target: () => values(tf, out),
        here: () => values(tf, target(observations)),
      };
      const { weights, returns } = nextActions(context, config, valued, batch);
      const next = distributionAt(tf, tf.softmax(out['logits']!), weights);
      const moved = backup(
        tf,
        config.valueRescaling,
        tf.expandDims(returns, 1),
        tf.expandDims(discounts, 1),
        tf.tensor1d(places),
      );
      return {
        probabilities: project(tf, next, tf.div(tf.sub(tf.clipByValue(moved, low, high), low), width)),
        targetsOutside: partOutside(tf, tf.sum(tf.mul(next, moved), 1), low, high),
      };
    },
    loss: (context, out, targets, batch) =>
      histogramLoss(context, out['logits']!, targets, batch, context.tf.tensor1d(places)),
    values,
  };
}

/** Spreads the mass [rows, atoms] of atoms at `places` (in steps of the support) over the two beside each. */
function project(tf: TensorFlow, mass: Tensor, places: Tensor): Tensor {
  const [, atoms] = mass.shape;
  const apart = tf.abs(tf.sub(tf.expandDims(places, 2), tf.range(0, atoms!)));
  return tf.sum(tf.mul(tf.expandDims(mass, 2), tf.relu(tf.sub(1, apart))), 1);
}
