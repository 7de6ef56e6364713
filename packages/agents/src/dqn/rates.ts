import type { DqnConfig, TargetConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';

/** Adam's decay rates, the paper's. In float32, so that 1 − β is the same number in every kernel. */
export const BETA1 = Math.fround(0.9);
export const BETA2 = Math.fround(0.999);

/** What changes from update to update beside the data; inputs of the step, since it is traced once. */
export interface Rates {
  /** α·√(1 − β₂ᵗ)/(1 − β₁ᵗ): the step size with both bias corrections in it. */
  readonly stepSize: number;
  /** ε·√(1 − β₂ᵗ): with it the step is exactly algorithm 1's α·m̂/(√v̂ + ε) (Kingma and Ba, 2015). */
  readonly epsilon: number;
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
  const learningRate = config.learningRate * (1 - (1 - config.learningRateDecay) * progress);
  const t = updates + 1;
  const correction2 = Math.sqrt(1 - BETA2 ** t);
  return {
    stepSize: (learningRate * correction2) / (1 - BETA1 ** t),
    epsilon: config.adamEpsilon * correction2,
    targetMix: targetMixOf(config.target, seed, t),
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
