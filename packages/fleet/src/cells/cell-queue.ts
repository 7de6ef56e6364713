import type { RedisClient } from '@qfleet/replay';
import { Queue } from 'bullmq';
import { CELLS_QUEUE, sweepQueues } from '../keys.ts';
import { admitCellJob } from '../records/cell-job.ts';
import { printable } from '../records/refusals.ts';

/** A job of a sweep's queue: a cell that is to be trained as far as a rung goes. */
export interface CellJob {
  readonly cell: string;
  readonly rung: number;
}

/** Attempts of a job whose process is killed, before it is given up. */
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1_000;
/** More than a sweep has jobs. */
const ALL = 1_000_000;

const idOf = ({ cell, rung }: CellJob): string => `${cell}.${rung}`;

/** The jobs of a sweep, which any worker takes. What came of them is not kept here. */
export class CellQueue {
  readonly #queue: Queue<CellJob>;

  constructor(redis: RedisClient, sweep: string) {
    this.#queue = new Queue<CellJob>(CELLS_QUEUE, { connection: redis, prefix: sweepQueues(sweep) });
    // Whoever made the connection reports what happens to it.
    this.#queue.on('error', () => undefined);
  }

  /** Adds jobs in their order; one that is there already, or was given up, stays as it is. */
  async add(jobs: readonly CellJob[]): Promise<void> {
    await this.#queue.addBulk(
      jobs.map(({ cell, rung }) => ({
        name: 'cell',
        data: { cell, rung },
        opts: {
          jobId: idOf({ cell, rung }),
          attempts: ATTEMPTS,
          backoff: { type: 'exponential', delay: FIRST_PAUSE_MS, jitter: 0.5 },
          removeOnComplete: true,
          removeOnFail: false,
        },
      })),
    );
  }

  /** The jobs that a worker has, of any machine. */
  async active(): Promise<CellJob[]> {
    const jobs = await this.#queue.getJobs(['active']);
    return jobs.filter(Boolean).flatMap(({ id, data }) => admitCellJob(id!, data) ?? []);
  }

  /** The jobs that were given up, with the reason. */
  async givenUp(): Promise<(CellJob & { readonly reason: string })[]> {
    const jobs = await this.#queue.getJobs(['failed']);
    return jobs.filter(Boolean).flatMap(({ id, data, failedReason }) => {
      const job = admitCellJob(id!, data);
      return job === null ? [] : [{ ...job, reason: printable(failedReason ?? '') }];
    });
  }

  /** Forgets the jobs that were given up, so that they can be added again. */
  async forgetGivenUp(): Promise<void> {
    await this.#queue.clean(0, ALL, 'failed');
  }

  /** Removes the queue from Redis. */
  async remove(): Promise<void> {
    await this.#queue.obliterate({ force: true });
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}
