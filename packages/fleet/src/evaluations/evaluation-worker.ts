import type { RedisClient } from '@qfleet/replay';
import { type EvaluationRequest, type EvaluationResult, meanAndStd } from '@qfleet/training';
import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { messageOf } from '../errors.ts';
import { EVALUATIONS_QUEUE, fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { admitEvaluationJob } from '../records/evaluation.ts';
import { printable } from '../records/refusals.ts';
import { outlastRefusedWrites } from '../redis/outlast.ts';
import { readExtent } from '../redis/parts.ts';
import { reportEvaluationScript } from '../scripts/evaluations.lua.ts';
import { readEvaluationWeights } from './evaluation-weights.ts';
import { type EvaluationJob, KEPT_RESULTS } from './evaluations.ts';

const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;

/** Plays the request's episodes. Rejects when `signal` is aborted. */
export type Evaluate = (
  request: EvaluationRequest,
  signal: AbortSignal,
) => Promise<Pick<EvaluationResult, 'returns' | 'info'>>;

export interface EvaluationWorkerOptions {
  readonly redis: RedisClient;
  /** A connection for weights alone. Default: the same. */
  readonly weights?: RedisClient;
  readonly run: string;
  readonly evaluate: Evaluate;
  readonly log: Logger;
}

/** Takes evaluation jobs, one at a time, plays them and reports. */
export class EvaluationWorker {
  readonly #options: EvaluationWorkerOptions;
  readonly #worker: Worker<EvaluationJob>;
  readonly #weights: RedisClient;
  readonly #stop = new AbortController();
  #done = 0;
  #failed = 0;

  constructor(options: EvaluationWorkerOptions) {
    this.#options = options;
    this.#weights = options.weights ?? options.redis;
    this.#worker = new Worker<EvaluationJob>(EVALUATIONS_QUEUE, (job, token) => this.#process(job, token), {
      connection: options.redis,
      prefix: fleetKeys(options.run).queues,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', (error) => options.log.debug(`Evaluations: ${messageOf(error)}`));
    this.#worker.on('failed', (job, error) => {
      this.#failed++;
      // For good: nobody plays them again.
      if (job?.finishedOn)
        void options.redis.unlink(fleetKeys(options.run).evaluationWeights(job.id!)).catch(() => undefined);
      options.log.warn(`The evaluation ${printable(job?.id ?? '')} failed: ${messageOf(error)}.`);
    });
  }

  /** Evaluations done since the start. */
  get done(): number {
    return this.#done;
  }

  /** Attempts that failed since the start. */
  get failed(): number {
    return this.#failed;
  }

  /** Gives the current job back to the queue, and takes no other. With Redis away its lock runs out instead. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#worker.close(this.#options.redis.status !== 'ready');
  }

  async #process(job: Job<EvaluationJob>, token: string | undefined): Promise<void> {
    const { redis, run, evaluate, log } = this.#options;
    const keys = fleetKeys(run);
    const data = admitEvaluationJob(job.id!, job.data);
    if (data === null) throw new UnrecoverableError('its request is refused');
    const { updates, version, episodes, seed } = data;
    const extent = readExtent(data.bytes, data.parts);
    const weights = extent && (await readEvaluationWeights(this.#weights, run, job.id!, extent));
    if (!weights) throw new UnrecoverableError('its weights are no longer in Redis');
    const startedAt = performance.now();
    let played: Awaited<ReturnType<Evaluate>>;
    try {
      const request = { id: job.id!, updates, version, parameters: weights.tensors, episodes, seed };
      played = await evaluate(request, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const { returns, info } = played;
    const result: EvaluationResult = {
      id: job.id!,
      updates,
      seed,
      returns,
      ...meanAndStd(returns),
      seconds: (performance.now() - startedAt) / 1000,
      ...(info === undefined ? {} : { info }),
    };
    const report = async (): Promise<void> => {
      const weights = keys.evaluationWeights(job.id!);
      await redis.eval(
        reportEvaluationScript,
        3,
        keys.evaluations,
        weights,
        keys.totals,
        JSON.stringify(result),
        KEPT_RESULTS,
      );
    };
    await outlastRefusedWrites(report, { log, signal: this.#stop.signal });
    this.#done++;
    log.info(
      { updates, mean: result.mean, std: result.std },
      `Evaluated update ${updates}: mean return ${result.mean}.`,
    );
  }
}
