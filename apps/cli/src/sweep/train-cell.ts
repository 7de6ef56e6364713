import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunDirectory, type RunSummary } from '@qfleet/report';
import {
  budgetField,
  type Cell,
  type CellResult,
  type Job,
  type Plan,
  type SweepDirectory,
} from '@qfleet/sweep';
import { type ChildOptions, runChild } from './command-child.ts';

export interface CellOptions extends Omit<ChildOptions, 'log'> {
  /** The Redis of cells that fleets train; null: each has its own. */
  readonly redis: string | null;
}

const POLL_MS = 200;

/**
 * Trains a cell as far as a rung goes, and keeps what came of it. One that has begun goes on from its last checkpoint; one
 * that has got there is not trained again.
 *
 * @throws Error in one sentence where its process ended before that; the signal's reason.
 */
export async function trainCell(sweep: SweepDirectory, job: Job, options: CellOptions): Promise<void> {
  const { signal } = options;
  const { plan } = sweep;
  const cell = plan.cells.find(({ id }) => id === job.cell);
  if (cell === undefined || plan.rungs[job.rung] === undefined)
    throw new Error('This sweep has no such cell.');
  const path = sweep.runPath(cell.id);
  for (;;) {
    await untilFree(path, signal);
    if (sweep.hasResult(job)) return;
    const { document, why } = await runChild(argumentsOf(sweep, cell, job.rung, options.redis), {
      ...options,
      log: sweep.logPath(cell.id),
    });
    const summary = document as RunSummary | null;
    if (summary?.stopReason !== undefined && summary.stopReason !== 'interrupted') {
      return sweep.writeResult(resultOf(job, summary, why));
    }
    signal.throwIfAborted();
    // A process of another machine has the run, as far as can be seen from here.
    if (RunDirectory.session(path)?.life !== 'unknown') throw new Error(why);
  }
}

/**
 * The command that trains a cell up to a rung. What is left of a start that was cut short is removed for it, unless a
 * process of another machine may be starting there.
 */
function argumentsOf(
  sweep: SweepDirectory,
  { id, config }: Cell,
  rung: number,
  redis: string | null,
): string[] {
  const { plan } = sweep;
  const path = sweep.runPath(id);
  const limit = limitOf(plan, rung);
  const fleet = redis === null ? [] : ['--redis', redis];
  const isSingle = plan.definition.mode === 'single';
  if (hasBegun(path)) {
    const trust = config.environment.module === undefined ? [] : ['--trust'];
    return ['resume', path, ...limit, ...trust, ...(isSingle ? [] : fleet)];
  }
  if (RunDirectory.session(path)?.life !== 'unknown') rmSync(path, { recursive: true, force: true });
  const how = isSingle ? ['--single'] : fleet;
  return ['train', sweep.writeConfig(id, config), '--run-dir', path, ...limit, ...how];
}

/** Whether there is a run that can be resumed. */
const hasBegun = (path: string): boolean =>
  RunDirectory.exists(path) && existsSync(join(path, 'launch.json'));

/** Waits until nobody runs the run: its last process may be ending, or another worker has it. */
async function untilFree(path: string, signal: AbortSignal): Promise<void> {
  while (RunDirectory.session(path)?.life === 'living') await sleep(POLL_MS, undefined, { signal });
}

/** The option that ends a run at a rung; none where its configuration says it. */
function limitOf({ rungs, definition: { strategy } }: Plan, rung: number): string[] {
  const { budget } = rungs[rung];
  if (budget === null || strategy.kind !== 'halving') return [];
  return [budgetField(strategy) === 'maxUpdates' ? '--max-updates' : '--max-steps', String(budget)];
}

function resultOf({ cell, rung }: Job, summary: RunSummary, why: string): CellResult {
  const { stopReason, updates, envSteps, trainingSeconds, wallSeconds, evaluation, best } = summary;
  const last = evaluation?.mean ?? null;
  return {
    ...{ cell, rung, stopReason, updates, envSteps, trainingSeconds, wallSeconds, last },
    best: best?.mean ?? last,
    failure: evaluation === null ? why : null,
  };
}
