import { meanOf } from '@qfleet/report';
import { survivors } from './halving.ts';
import type { Plan } from './plan.ts';
import { type Job, keyOf, type Results, scoreOf } from './results.ts';

/**
 * What is to be trained now, in the order of the plan; none: the sweep is finished. A rung begins when all of the one
 * before has ended, so that the order in which cells end does not matter.
 */
export function pendingJobs(plan: Plan, results: Results): Job[] {
  for (const rung of plan.rungs.keys()) {
    const settings = contenders(plan, results, rung);
    const jobs = settings?.flatMap((setting) => jobsOf(plan, setting, rung)) ?? [];
    const pending = jobs.filter((job) => !results.has(keyOf(job)));
    if (pending.length > 0) return pending;
  }
  return [];
}

/** A setting's jobs at a rung, one a seed. */
export const jobsOf = ({ cells, seeds }: Plan, setting: number, rung: number): Job[] =>
  cells.slice(setting * seeds.length, (setting + 1) * seeds.length).map(({ id }) => ({ cell: id, rung }));

/** The settings that get to a rung; null: that is not known before the one below has ended. */
function contenders(plan: Plan, results: Results, rung: number): number[] | null {
  if (rung === 0) return [...plan.settings.keys()];
  const before = contenders(plan, results, rung - 1);
  if (before === null) return null;
  const scores = before.map((setting) => settingScore(plan, results, setting, rung - 1));
  if (scores.some((score) => score === undefined)) return null;
  return survivors(scores as (number | null)[], plan.rungs[rung].settings).map((place) => before[place]);
}

/** The mean over a setting's seeds; null: one of them failed; undefined: one of them has not ended. */
function settingScore(
  plan: Plan,
  results: Results,
  setting: number,
  rung: number,
): number | null | undefined {
  const found = jobsOf(plan, setting, rung).map((job) => results.get(keyOf(job)));
  if (found.includes(undefined)) return undefined;
  const scores = found.map((result) => scoreOf(result!, plan.definition.metric));
  return scores.includes(null) ? null : meanOf(scores as number[]);
}

/** How much of a sweep is done. */
export interface Work {
  /** Jobs that have ended. */
  readonly ended: number;
  /** Jobs of all rungs, at most. */
  readonly jobs: number;
  /** In whole runs: a rung counts as the part of a run that it adds. */
  readonly done: number;
  readonly total: number;
}

export function workOf(plan: Plan, results: Results): Work {
  const work = { ended: 0, jobs: 0, done: 0, total: 0 };
  for (const [rung, { settings }] of plan.rungs.entries()) {
    const jobs = (contenders(plan, results, rung)?.length ?? settings) * plan.seeds.length;
    const ended = [...results.values()].filter((result) => result.rung === rung).length;
    work.ended += ended;
    work.jobs += jobs;
    work.done += ended * partOf(plan, rung);
    work.total += jobs * partOf(plan, rung);
  }
  return work;
}

/** The part of a whole run that a rung adds. */
export function partOf({ rungs }: Plan, rung: number): number {
  const whole = rungs.at(-1)!.budget;
  const { budget } = rungs[rung];
  if (whole === null || budget === null) return 1;
  return (budget - (rungs[rung - 1]?.budget ?? 0)) / whole;
}
