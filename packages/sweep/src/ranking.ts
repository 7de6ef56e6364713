import { meanOf, standardError } from '@qfleet/report';
import type { Plan } from './plan.ts';
import { jobsOf } from './progress.ts';
import { type CellResult, keyOf, type Results, scoreOf } from './results.ts';
import type { Setting } from './space.ts';

/** How a setting did at the highest rung that it got to. */
export interface Ranked {
  /** Its place in the plan. */
  readonly place: number;
  readonly setting: Setting;
  readonly rung: number;
  /** The results of the seeds that have ended there; at least one. */
  readonly results: readonly CellResult[];
  /** Seeds that failed there. */
  readonly failed: number;
  /** Whether all seeds have ended there and none failed. */
  readonly isWhole: boolean;
  /** The mean over the seeds that have a figure; null: none has. */
  readonly mean: number | null;
  /** Standard error of that; null below two. */
  readonly error: number | null;
}

/**
 * The settings of which there is a result, the best first: those of higher rungs before those of lower ones, whole ones
 * before others, then by mean; equal ones in the order of the plan.
 */
export function ranking(plan: Plan, results: Results): Ranked[] {
  const found = plan.settings.flatMap((setting, place) => rankedOf(plan, results, setting, place) ?? []);
  const score = ({ mean }: Ranked): number => mean ?? Number.NEGATIVE_INFINITY;
  return found.sort(
    (a, b) =>
      b.rung - a.rung ||
      Number(b.isWhole) - Number(a.isWhole) ||
      // Neither of two without a figure is better.
      (score(a) === score(b) ? 0 : score(b) - score(a)) ||
      a.place - b.place,
  );
}

/** The best setting of a finished sweep; null: none got to the end without a failure. */
export function bestOf(plan: Plan, ranked: readonly Ranked[]): Ranked | null {
  const [best] = ranked;
  return best?.isWhole && best.rung === plan.rungs.length - 1 ? best : null;
}

function rankedOf(plan: Plan, results: Results, setting: Setting, place: number): Ranked | null {
  for (let rung = plan.rungs.length - 1; rung >= 0; rung--) {
    const found = jobsOf(plan, place, rung).flatMap((job) => results.get(keyOf(job)) ?? []);
    if (found.length === 0) continue;
    const scores = found.flatMap((result) => scoreOf(result, plan.definition.metric) ?? []);
    const failed = found.length - scores.length;
    return {
      ...{ place, setting, rung, results: found, failed },
      isWhole: failed === 0 && found.length === plan.seeds.length,
      mean: scores.length === 0 ? null : meanOf(scores),
      error: standardError(scores),
    };
  }
  return null;
}
