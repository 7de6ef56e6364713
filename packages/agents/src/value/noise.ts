import { Random } from '@qfleet/random';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * The input of a noisy network: seeds [3, 2] of the noise in the weights of the network that learns, of the target network,
 * and of the one that learns where it chooses actions for the targets (Fortunato et al., 2018, section 3.2).
 */
export const NOISE = 'noise';
const NOISES = { learning: 0, target: 1, choosing: 2 } as const;
export const NOISE_SEEDS = Object.keys(NOISES).length;

/** What a network is used for in an update: each has noise of its own. */
export type NoiseUse = keyof typeof NOISES;

/** The seed of a use's noise in a step's inputs; nothing where the network has none. */
export function noiseOf(tf: TensorFlow, inputs: TensorRecord, use: NoiseUse): { readonly noise?: Tensor } {
  const seeds = inputs[NOISE];
  return seeds ? { noise: tf.unstack(seeds)[NOISES[use]]! } : {};
}

/** The seeds of an update's noise: a function of the run's seed and of the updates before it, so that a restored run goes on. */
export function noiseSeeds(seed: number, updates: number): Int32Array {
  const seeds = new Int32Array(2 * NOISE_SEEDS);
  for (let i = 0; i < NOISE_SEEDS; i++) {
    seeds[2 * i] = Random.seed(seed, `noise ${i}`);
    seeds[2 * i + 1] = updates;
  }
  return seeds;
}
