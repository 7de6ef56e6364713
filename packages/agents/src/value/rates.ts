import type { DqnConfig, TargetConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { Optimizer } from '@qfleet/tensor';

/**
 * The numbers that change from update to update beside the data: inputs of the step, since it is traced once. They are
 * those of the optimizer, and `targetMix` c and `targetKeep` 1 − c of θ⁻ ← cθ + (1 − c)θ⁻: a c of 1 copies θ to the
 * bit, and one of 0 keeps θ⁻.
 */
export type Rates = Readonly<Record<string, number>>;

/**
 * The rates of the update after `updates` others: a function of its arguments alone, so that a restored run
 * continues as if it had never stopped.
 *
 * @param totalUpdates where the learning rate reaches its last value, which it keeps; null: it stays at the first.
 */
export function ratesOf(
  config: DqnConfig,
  optimizer: Optimizer,
  seed: number,
  totalUpdates: number | null,
  updates: number,
): Rates {
  const learningRate = learningRateOf(config, totalUpdates, updates);
  const targetMix = targetMixOf(config.target, seed, updates + 1);
  return { ...optimizer.rates(updates + 1, learningRate), targetMix, targetKeep: 1 - targetMix };
}

/** The seed of the random numbers of the update after `updates` others: two words. */
export function seedOf(seed: number, updates: number): Int32Array {
  const label = `draws of update ${updates + 1}`;
  return Int32Array.of(Random.seed(seed, label), Random.seed(seed, `${label}, second word`));
}

/** The learning rate, which falls linearly from the configured one to `learningRateDecay` of it. */
export function learningRateOf(config: DqnConfig, totalUpdates: number | null, updates: number): number {
  const progress = totalUpdates === null ? 0 : Math.min(1, updates / totalUpdates);
  return config.learningRate * (1 - (1 - config.learningRateDecay) * progress);
}

/** The mix at the end of update number `t`, counted from 1. */
function targetMixOf(target: TargetConfig, seed: number, t: number): number {
  switch (target.kind) {
    case 'soft':
      return target.tau;
    case 'hard':
      return t % target.every === 0 ? 1 : 0;
    case 'stochastic':
      return new Random(Random.seed(seed, `target update ${t}`)).uniform() < target.probability ? 1 : 0;
  }
}
