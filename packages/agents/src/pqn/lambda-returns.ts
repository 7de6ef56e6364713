import { type RewardShaping, shapeReward } from '@qfleet/replay';
import { END, type Round } from './round.ts';

/** The columns of a round that its returns follow from. */
export type ReturnColumns = Pick<Round, 'copies' | 'steps' | 'rewards' | 'ends' | 'nextValues'>;

/** What returns are made by. */
export interface ReturnSetting {
  /** γ */
  readonly discount: number;
  /** λ */
  readonly lambda: number;
  /** What becomes of each reward first; undefined: they stay as they are. */
  readonly shaping: RewardShaping | undefined;
}

/**
 * The Q(λ) returns of a round, from its last step to its first (Peng and Williams, 1996; Gallici et al., 2024, section 3.3):
 *
 * Gₜ = rₜ + γ·[λ·Gₜ₊₁ + (1 − λ)·max Q(sₜ₊₁, ·)], and rₜ + γ·max Q(sₜ₊₁, ·) at the round's last step and where an episode was
 * truncated, and rₜ where it terminated.
 *
 * @param out [steps, copies]: where they are written; 0 for a step that was lost.
 */
export function lambdaReturns(
  round: ReturnColumns,
  { discount, lambda, shaping }: ReturnSetting,
  out: Float32Array,
): void {
  const { copies, steps, rewards, ends, nextValues } = round;
  const size = copies * steps;
  const last = size - copies;
  for (let i = size - 1; i >= 0; i--) {
    const end = ends[i];
    if (end === END.lost) {
      out[i] = 0;
      continue;
    }
    const value = nextValues[i];
    const rest =
      end === END.terminated
        ? 0
        : end === END.truncated || i >= last
          ? value
          : value + lambda * (out[i + copies] - value);
    out[i] = shapeReward(rewards[i], shaping) + discount * rest;
  }
}
