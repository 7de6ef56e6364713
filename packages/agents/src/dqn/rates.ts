import type { DqnConfig, TargetConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';

/** What changes from update to update beside the data: inputs of the step, since it is traced once. */
export interface Rates {
  readonly learningRate: number;
  /** c of θ⁻ ← cθ + (1 − c)θ⁻. */
  readonly targetMix: number;
}

/**
 * The rates of the update after `updates` others: a function of its arguments alone, so that a restored run
 * continues as if it had never stopped.
 *
 * @param totalUpdates where the learning rate reaches its last value, which it keeps; null: it stays at the first.
 */
export function ratesOf(
  config: DqnConfig,
  seed: number,
  totalUpdates: number | null,
  updates: number,
): Rates {
  const progress = totalUpdates === null ? 0 : Math.min(1, updates / totalUpdates);
  return {
    learningRate: config.learningRate * (1 - (1 - config.learningRateDecay) * progress),
    targetMix: targetMixOf(config.target, seed, updates + 1),
  };
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
