import type { DqnConfig, TargetConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { Optimizer } from '@qfleet/tensor';

/**
 * The numbers that change from update to update beside the data: inputs of the step, since it is traced once. They are
 * those of the optimizer, and `targetMix` c and `targetKeep` 1 − c of θ⁻ ← cθ + (1 − c)θ⁻: a c of 1 copies θ to the
 * bit, and one of 0 keeps θ⁻.
 */
export type Rates = Readonly<Record<string, number>>;

/** The fields of a configuration that the learning rate follows from. */
export type LearningRate = Pick<
  DqnConfig,
  'learningRate' | 'learningRateDecay' | 'learningRateSchedule' | 'learningRateWarmup'
>;

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

/**
 * The learning rate: over the first `learningRateWarmup` updates it rises linearly to the configured one, and from there it
 * falls to `learningRateDecay` of it, linearly or along half a cosine (Loshchilov and Hutter, "SGDR", 2017, equation 5).
 */
export function learningRateOf(config: LearningRate, totalUpdates: number | null, updates: number): number {
  const { learningRate, learningRateDecay, learningRateSchedule, learningRateWarmup: warmup } = config;
  if (updates < warmup) return (learningRate * (updates + 1)) / warmup;
  const progress = totalUpdates === null ? 0 : Math.min(1, (updates - warmup) / (totalUpdates - warmup));
  const fallen = learningRateSchedule === 'linear' ? progress : (1 - Math.cos(Math.PI * progress)) / 2;
  return learningRate * (1 - (1 - learningRateDecay) * fallen);
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
