import type { RedisClient } from '@qfleet/replay';
import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { messageOf } from '../errors.ts';
import { CELLS_QUEUE, sweepQueues } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { admitCellJob } from '../records/cell-job.ts';
import { printable } from '../records/refusals.ts';
import type { CellJob } from './cell-queue.ts';

const LOCK_MS = 6_000;
const STALLED_CHECK_MS = 2_000;

export interface CellWorkerOptions {
  readonly redis: RedisClient;
  readonly sweep: string;
  /** How many jobs are worked on side by side. */
  readonly count: number;
  /** Trains a cell and keeps what came of it. Rejects when `signal` is aborted before that. */
  readonly train: (job: CellJob, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

/** Takes the jobs of a sweep. One whose worker dies is taken by another as soon as its lock has run out. */
export class CellWorker {
  readonly #options: CellWorkerOptions;
  readonly #worker: Worker<CellJob>;
  readonly #stop = new AbortController();

  constructor(options: CellWorkerOptions) {
    const { redis, sweep, count, log } = options;
    this.#options = options;
    this.#worker = new Worker<CellJob>(CELLS_QUEUE, (job, token) => this.#process(job, token), {
      connection: redis,
      prefix: sweepQueues(sweep),
      concurrency: count,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', (error) => log.debug(`Cells: ${messageOf(error)}`));
    this.#worker.on('failed', (job, error) => {
      const next = job?.finishedOn ? 'it is given up' : 'it is tried again';
      log.warn(
        `The cell ${printable(job?.data.cell ?? '')} could not be trained: ${messageOf(error)} ${next}.`,
      );
    });
  }

  /** Gives the current jobs back to the queue, and takes no others. With Redis away their locks run out instead. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#worker.close(this.#options.redis.status !== 'ready');
  }

  async #process(job: Job<CellJob>, token: string | undefined): Promise<void> {
    const data = admitCellJob(job.id!, job.data);
    if (data === null) throw new UnrecoverableError('Its job is refused.');
    try {
      await this.#options.train(data, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
      await job.moveToWait(token);
      throw new WaitingError();
    }
  }
}
