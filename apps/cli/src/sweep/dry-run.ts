import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toYaml } from '@qfleet/config';
import { type RunSummary, writeFileAtomically } from '@qfleet/report';
import { type CellResult, keyOf, type Plan, partOf, pendingJobs, type Results, workOf } from '@qfleet/sweep';
import { clock, counted, integer, style, table } from '../terminal/output.ts';
import { type ChildOptions, runChild } from './command-child.ts';
import { doneOf } from './progress.ts';
import { fieldsOf, valueText } from './report.ts';

/** Seconds that a trial trains. */
const TRIAL_SECONDS = 5;

/** How long what is left will take, and how that is known. */
export interface Estimate {
  /** null: it can't be known. */
  readonly seconds: number | null;
  readonly how: string;
}

/**
 * How long the rest of a sweep takes with so many workers: by the cells that have ended, or, before the first has, by a
 * trial of the first cell. Runs that are solved before their budget make it shorter.
 */
export async function estimate(
  plan: Plan,
  results: Results,
  workers: number,
  signals: Pick<ChildOptions, 'signal' | 'killed'>,
): Promise<Estimate> {
  const { done, total, jobs } = workOf(plan, results);
  const side = `${workers} side by side`;
  if (done >= total) return { seconds: 0, how: 'all have ended' };
  if (results.size > 0) {
    const perRun = secondsPerRun(plan, results);
    return { seconds: ((total - done) * perRun) / workers, how: `by the cells that have ended, ${side}` };
  }
  const trial = await tryFirst(plan, signals);
  if (trial === null) return { seconds: null, how: 'a trial of the first cell failed' };
  const part = doneOf(plan.cells[0].config.stop, trial);
  if (part === 0) {
    return {
      seconds: null,
      how: 'the first cell did not begin to learn in a trial of some seconds, or has no stop.maxUpdates, stop.maxSteps or stop.maxSeconds',
    };
  }
  const rate = `${integer(trial.updates / trial.seconds)} updates/s and ${integer(trial.steps / trial.seconds)} steps/s`;
  const training = total * (trial.seconds / part);
  return {
    seconds: (training + jobs * trial.setUpSeconds) / workers,
    how:
      `by a trial of the first cell in one process, alone for ${TRIAL_SECONDS} s on this machine ` +
      `(${rate}, ${trial.setUpSeconds.toFixed(1)} s to set up and to evaluate), ${side}`,
  };
}

/** Seconds of a whole run, from what ended: a cell's time holds that of its lower rungs. */
function secondsPerRun(plan: Plan, results: Results): number {
  const newest = new Map<string, CellResult>();
  for (const result of results.values()) {
    if ((newest.get(result.cell)?.rung ?? -1) < result.rung) newest.set(result.cell, result);
  }
  const runs = [...results.values()].reduce((sum, { rung }) => sum + partOf(plan, rung), 0);
  return [...newest.values()].reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) / runs;
}

/** What a trial did. */
interface Trial {
  readonly updates: number;
  readonly steps: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** Seconds that its start and its end took. */
  readonly setUpSeconds: number;
}

/** Trains the first cell for a moment, in a folder that is removed again; null: it could not be. */
async function tryFirst(
  { cells: [{ config }] }: Plan,
  { signal, killed }: Pick<ChildOptions, 'signal' | 'killed'>,
): Promise<Trial | null> {
  const folder = await mkdtemp(join(tmpdir(), 'qfleet-trial-'));
  try {
    const file = join(folder, 'trial.yaml');
    const stop = {
      ...config.stop,
      maxSeconds: Math.min(TRIAL_SECONDS, config.stop.maxSeconds ?? TRIAL_SECONDS),
    };
    writeFileAtomically(file, toYaml({ ...config, stop }));
    const args = ['train', file, '--single', '--run-dir', join(folder, 'run')];
    const { document } = await runChild(args, { signal, killed, log: join(folder, 'log') });
    signal.throwIfAborted();
    const summary = document as RunSummary | null;
    if (summary === null || !summary.trainingSeconds) return null;
    const { updates, envSteps, trainingSeconds, wallSeconds } = summary;
    return {
      ...{ updates, steps: envSteps, seconds: trainingSeconds },
      setUpSeconds: Math.max(0, wallSeconds - trainingSeconds),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The cells of a plan, a line each, and what is to be trained. */
export function cellTable(plan: Plan, results: Results, { seconds, how }: Estimate): string {
  const fields = fieldsOf(plan);
  const rows = plan.cells.map(({ id, setting, seed }) => [
    id,
    ...fields.map((field) => valueText(plan.settings[setting][field])),
    String(seed),
    ...(results.size === 0 ? [] : [stateOf(plan, results, id)]),
  ]);
  const head = ['cell', ...fields, 'seed', ...(results.size === 0 ? [] : [''])];
  const { ended, jobs } = workOf(plan, results);
  const left =
    seconds === null
      ? `How long it takes is not known: ${how}.`
      : `About ${clock(seconds)} to go, estimated ${how}.`;
  return [
    table([head.map((title) => style('dim', title)), ...rows]),
    '',
    `${counted(plan.cells.length, 'cell')}: ${counted(plan.settings.length, 'setting')} × ${counted(plan.seeds.length, 'seed')}.`,
    ...rungText(plan),
    ...(ended === 0 ? [] : [`${ended} of ${jobs} have ended.`]),
    ...(ended === jobs ? [] : [left]),
  ].join('\n');
}

function rungText({ rungs, definition: { strategy } }: Plan): string[] {
  if (strategy.kind !== 'halving') return [];
  const parts = rungs.map(
    ({ settings, budget }) => `${counted(settings, 'setting')} to ${integer(budget!)} ${strategy.unit}`,
  );
  return [`Rungs: ${parts.join(', ')}.`];
}

function stateOf(plan: Plan, results: Results, cell: string): string {
  const last = plan.rungs.findLastIndex((_, rung) => results.has(keyOf({ cell, rung })));
  if (last < 0) return '';
  const { failure } = results.get(keyOf({ cell, rung: last }))!;
  return failure !== null ? 'failed' : plan.rungs.length === 1 ? 'ended' : `ended at rung ${last + 1}`;
}

/** What `--dry-run` prints as its one document. */
export const dryRunDocument = (plan: Plan, results: Results, { seconds, how }: Estimate) => ({
  ...{ name: plan.definition.name, settings: plan.settings.length, seeds: plan.seeds, rungs: plan.rungs },
  cells: plan.cells.map(({ id, setting, seed }) => ({ cell: id, seed, setting: plan.settings[setting] })),
  pending: pendingJobs(plan, results).length,
  estimate: { seconds, how },
});
