import { setTimeout as sleep } from 'node:timers/promises';
import { CellQueue, CellWorker, type Logger, unlessAborted } from '@qfleet/fleet';
import { type Job, keyOf, pendingJobs, type Results, type SweepDirectory } from '@qfleet/sweep';
import type { Redis } from '../fleet-redis.ts';
import { type CellOptions, trainCell } from './train-cell.ts';

const POLL_MS = 250;
/** How often what is to be done next is told to Redis again, which may have lost it. */
const ADD_MS = 5_000;
/** How much of it is told: more than all workers take up meanwhile. */
const MOST_TOLD = 1_000;

export interface WorkOptions extends CellOptions {
  /** How many cells are trained side by side here. */
  readonly workers: number;
  readonly log: Logger;
  /** Told a few times a second how the sweep stands. */
  readonly onProgress: (results: Results, active: readonly Job[]) => void;
}

/** A cell that could not be trained, and why. */
type GivenUp = Awaited<ReturnType<CellQueue['givenUp']>>[number];

/**
 * Works on a sweep until it is finished, or the signal is aborted. Whoever else works on it, on any machine that sees its
 * directory, does the same: each tells the queue what is to be done, and takes from it.
 *
 * @returns the cells that could not be trained, where nothing else is left to do.
 */
export async function work(
  sweep: SweepDirectory,
  connection: Redis,
  { workers, log, onProgress, ...options }: WorkOptions,
): Promise<GivenUp[]> {
  const { signal } = options;
  const queue = new CellQueue(connection, sweep.sweep);
  const worker = new CellWorker({
    ...{ redis: connection, sweep: sweep.sweep, count: workers, log },
    train: (job, ended) => trainCell(sweep, job, { ...options, signal: ended }),
  });
  const known = (task: Promise<void>): Promise<void> => unlessAborted(task, signal);
  try {
    await known(queue.forgetGivenUp());
    let results: Results = new Map();
    let told: { readonly at: number; readonly rung: number } | null = null;
    for (;;) {
      results = sweep.readResults(results);
      const pending = pendingJobs(sweep.plan, results);
      if (pending.length === 0) {
        await known(queue.remove());
        return [];
      }
      const [givenUp, active] = await unlessAborted(Promise.all([queue.givenUp(), queue.active()]), signal);
      const isGivenUp = new Set(givenUp.map(keyOf));
      const todo = pending.filter((job) => !isGivenUp.has(keyOf(job)));
      if (todo.length === 0) return givenUp;
      const [{ rung }] = todo;
      if (told === null || told.rung !== rung || performance.now() - told.at > ADD_MS) {
        await known(queue.add(todo.slice(0, MOST_TOLD)));
        told = { at: performance.now(), rung };
      }
      onProgress(results, active);
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return [];
  } finally {
    await worker.close();
    await queue.close();
  }
}
