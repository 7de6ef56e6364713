import { type RewardShaping, shapeReward } from '../sampling/sample-unit.ts';

/** The return that an actor's own TD errors are of: the learner's. */
export interface ReturnOptions {
  /** γ. */
  readonly discount: number;
  readonly nSteps: number;
  /** Absent: rewards stay as they are. */
  readonly rewards?: RewardShaping;
}

/** What an actor's network said while T consecutive steps of an episode were taken. */
export interface ActingValues {
  /** Q(sₜ, aₜ), [T] */
  readonly taken: Float32Array;
  /** max Q(sₜ, ·), [T] */
  readonly best: Float32Array;
  /** max Q(s_T, ·) of the state after the last step; 0 where the episode terminated. */
  readonly last: number;
}

/**
 * |δₜ| of each step, δₜ = Σ_{k<m} γᵏ rₜ₊ₖ + γᵐ max Q(sₜ₊ₘ, ·) − Q(sₜ, aₜ): the initial priorities of Ape-X (Horgan et
 * al., 2018, section 3). m = n, or fewer steps up to the last one: as the learner would sum them when the chunk of these
 * steps has come and none after it.
 */
export function tdErrors(
  rewards: Float32Array,
  { taken, best, last }: ActingValues,
  { discount, nSteps, rewards: shaping }: ReturnOptions,
  out: Float32Array,
): void {
  const { length } = rewards;
  for (let t = 0; t < length; t++) {
    const end = Math.min(t + nSteps, length);
    let target = end === length ? last : best[end];
    for (let k = end - 1; k >= t; k--) target = shapeReward(rewards[k], shaping) + discount * target;
    out[t] = Math.abs(target - taken[t]);
  }
}
