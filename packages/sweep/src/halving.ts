/** A stage of a sweep: so many settings are trained up to so much. */
export interface Rung {
  /** How many settings get here, at most. */
  readonly settings: number;
  /** Updates or steps of a whole run; null: as its configuration says. */
  readonly budget: number | null;
}

/** How many rungs there are until a single setting is left, where of each rung's settings one in `factor` goes on. */
export function mostRungs(settings: number, factor: number): number {
  let rungs = 1;
  for (let left = settings; left >= factor; left = Math.floor(left / factor)) rungs++;
  return rungs;
}

/**
 * The rungs of successive halving (Jamieson and Talwalkar, 2016), as Hyperband's brackets have them (Li et al., 2018): with
 * each rung a run's budget is multiplied by `factor`, and the number of settings is divided by it.
 *
 * @param count of rungs, at most `mostRungs`.
 * @param budget of the last rung, in updates or steps: at least factor^(count − 1).
 */
export const rungsOf = (settings: number, factor: number, count: number, budget: number): Rung[] =>
  Array.from({ length: count }, (_, rung) => ({
    settings: Math.floor(settings / factor ** rung),
    budget: Math.ceil(budget / factor ** (count - 1 - rung)),
  }));

/**
 * The places of the best scores, in their order: the first of equal ones, and none without a score.
 * @param scores the higher the better; null: none.
 */
export function survivors(scores: readonly (number | null)[], count: number): number[] {
  const places = scores.flatMap((score, place) => (score === null ? [] : [{ score, place }]));
  places.sort((a, b) => b.score - a.score || a.place - b.place);
  return places
    .slice(0, count)
    .map(({ place }) => place)
    .sort((a, b) => a - b);
}
