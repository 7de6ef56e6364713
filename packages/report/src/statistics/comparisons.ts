import { meanOf } from './means.ts';

/**
 * By how much scores fall short of a goal, on average, where what lies above the goal counts as the goal (Agarwal et al.,
 * 2021, section 4.3): in units of the scores, and the lower the better. The same as `rliable`'s
 * `aggregate_optimality_gap(scores, gamma=goal)`.
 */
export const optimalityGap = (scores: readonly number[], goal: number): number =>
  goal - meanOf(scores.map((score) => Math.min(score, goal)));

/**
 * The chance that a run of `these` scores higher than a run of `others`, where equal scores count half (Agarwal et al.,
 * 2021, section 4.3): the Mann-Whitney U statistic over the number of pairs. The same as `rliable`'s
 * `probability_of_improvement` on one task.
 */
export function probabilityOfImprovement(these: readonly number[], others: readonly number[]): number {
  let won = 0;
  for (const score of these) {
    for (const other of others) won += score > other ? 1 : score === other ? 0.5 : 0;
  }
  return won / (these.length * others.length);
}

/** The fraction of scores above a threshold: a point of the performance profile (Agarwal et al., 2021, equation 1). */
export const fractionAbove = (scores: readonly number[], threshold: number): number =>
  scores.filter((score) => score > threshold).length / scores.length;
