import type { DqnConfig, ObjectiveConfig } from '@qfleet/config';
import { categoricalHead } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectedTarget } from './expected-target.ts';
import { histogramLoss, meanOfLogits, partOutside } from './histogram.ts';
import { readingsOf } from './next-actions.ts';
import type { Objective } from './objective.ts';
import { sampleUnit } from './unit.ts';

type HlGaussConfig = Extract<ObjectiveConfig, { kind: 'hl-gauss' }>;

/**
 * HL-Gauss: the expected return as a histogram (Imani and White, 2018; Farebrother et al., "Stop regressing", 2024). The
 * target y of DQN becomes the Gaussian N(y, σ²) cut to the range of the bins, pᵢ = (Φ(rᵢ) − Φ(lᵢ))/(Φ(high) − Φ(low)) for the bin
 * from lᵢ to rᵢ, and the loss is the cross entropy. Q is the mean of the bins' middles. A y outside of the range counts as
 * its end.
 */
export function hlGauss(config: DqnConfig, of: HlGaussConfig): Objective {
  const { bins, low, high } = of;
  const width = (high - low) / bins;
  const middles = Array.from({ length: bins }, (_, i) => low + (i + 0.5) * width);
  const values = (tf: TensorFlow, out: TensorRecord) =>
    meanOfLogits(tf, out['logits']!, tf.tensor1d(middles));
  return {
    unit: sampleUnit(config),
    head: categoricalHead(middles),
    distribution: { kind: 'histogram', places: middles, output: 'logits' },
    reads: readingsOf(config),
    targets(context, online, target, batch) {
      const { tf } = context;
      const expected = expectedTarget(context, config, values, online, target, batch);
      return {
        probabilities: gaussian(tf, tf.clipByValue(expected, low, high), of),
        targetsOutside: partOutside(tf, expected, low, high),
      };
    },
    loss: (context, out, targets, batch) =>
      histogramLoss(context, out['logits']!, targets, batch, context.tf.tensor1d(middles)),
    values,
  };
}

/** The mass of each bin, [rows, bins], of a Gaussian around each of `means` [rows] that is cut to the bins' range. */
function gaussian(tf: TensorFlow, means: Tensor, { bins, low, high, sigma }: HlGaussConfig): Tensor {
  const width = (high - low) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + i * width);
  const scaled = tf.div(tf.sub(tf.tensor1d(edges), tf.expandDims(means, 1)), Math.SQRT2 * sigma * width);
  // Φ(x) = (1 + erf(x/√2))/2, of which only differences count.
  const below = tf.erf(scaled);
  const [rows] = means.shape;
  const mass = tf.sub(tf.slice(below, [0, 1], [rows!, bins]), tf.slice(below, [0, 0], [rows!, bins]));
  return tf.div(mass, tf.sum(mass, 1, true));
}
