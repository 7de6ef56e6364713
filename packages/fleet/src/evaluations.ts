import { hash } from 'node:crypto';
import type { RedisClient } from '@qfleet/replay';
import {
  type EvaluationRequest,
  type EvaluationResult,
  type Evaluations,
  meanAndStd,
} from '@qfleet/training';
import { type Job, type Queue, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { FleetError, messageOf } from './errors.ts';
import { keepEvaluationWeights, readEvaluationWeights } from './evaluation-weights.ts';
import { EVALUATIONS_QUEUE, fleetKeys } from './keys.ts';
import type { LearnerLease } from './learner-lease.ts';
import type { Logger } from './logger.ts';
import { outlastRefusedWrites } from './outlast.ts';
import { type Extent, readExtent } from './parts.ts';
import { openQueue } from './queues.ts';
import { admitResult, readResultTexts } from './records/evaluation.ts';

interface EvaluationJob extends Extent {
  readonly updates: number;
  readonly version: number;
  readonly episodes: number;
  readonly seed: number;
}

/** Requests that no evaluator took yet: for more, but for the newest, the oldest are given up. */
const MOST_WAITING = 100;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** Results kept. */
const KEPT_RESULTS = 1_000;
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;

/** Versions rise over restarts, so a checkpoint that is reached again after a crash is evaluated again. */
const jobIdOf = ({ updates, version, seed }: EvaluationRequest): string =>
  `evaluation-${updates}-${version}-${seed}`;

/** Evaluations as BullMQ jobs, which any evaluator takes. The parameters lie beside the queue, in a key of their own. */
export class EvaluationQueue implements Evaluations {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #queue: Queue<EvaluationJob>;
  readonly #lease: LearnerLease;
  readonly #weights: RedisClient;
  /** Updates of requests that were given up. */
  readonly #abandoned: number[] = [];
  /** How many there were at the last reading, and the last of them; those that were read, by their names. */
  #count = 0;
  #last: string | undefined;
  readonly #read = new Set<string>();

  /**
   * @param lease of the learner that asks.
   * @param weights a connection for weights alone: what else it carried would wait for them.
   */
  constructor(redis: RedisClient, run: string, lease: LearnerLease, weights: RedisClient = redis) {
    this.#redis = redis;
    this.#run = run;
    this.#lease = lease;
    this.#weights = weights;
    this.#queue = openQueue<EvaluationJob>(redis, run, EVALUATIONS_QUEUE);
  }

  /** @throws FleetError where another learner holds the lease (it is then told to be lost). */
  async request(request: EvaluationRequest): Promise<void> {
    const { updates, version, parameters, episodes, seed } = request;
    const jobId = jobIdOf(request);
    const weights = { version, updates, tensors: parameters };
    await this.#makeRoom(parameters);
    const extent = await keepEvaluationWeights(this.#weights, this.#run, this.#lease, jobId, weights);
    if (extent === null) {
      this.#lease.lose();
      throw new FleetError(
        `The evaluation of update ${updates} of run ${this.#run} was refused: another learner took over.`,
      );
    }
    const job: EvaluationJob = { updates, version, episodes, seed, ...extent };
    await this.#queue.add('evaluation', job, {
      jobId,
      attempts: 5,
      backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: 100,
    });
  }

  takeAbandoned(): number[] {
    return this.#abandoned.splice(0);
  }

  /** Gives up the oldest requests that no evaluator took, where these parameters would be too much beside theirs. */
  async #makeRoom(parameters: EvaluationRequest['parameters']): Promise<void> {
    const jobs = await this.#queue.getJobs(['wait', 'prioritized', 'delayed'], 0, MOST_WAITING, true);
    const waiting = jobs.filter(Boolean).sort((a, b) => a.timestamp - b.timestamp);
    let count = waiting.length;
    const bytesOf = ({ data }: Job<EvaluationJob>): number => readExtent(data.bytes, data.parts)?.bytes ?? 0;
    let bytes = waiting.reduce((sum, job) => sum + bytesOf(job), 0);
    for (const { data } of parameters.values()) bytes += data.byteLength;
    for (const job of waiting) {
      if (count < MOST_WAITING && bytes <= MOST_WAITING_BYTES) return;
      // One that was taken meanwhile stays.
      if ((await this.#queue.remove(job.id!)) === 0) continue;
      await this.#redis.unlink(fleetKeys(this.#run).evaluationWeights(job.id!));
      this.#abandoned.push(job.data.updates);
      count--;
      bytes -= bytesOf(job);
    }
  }

  async results(): Promise<EvaluationResult[]> {
    let first = Math.max(0, this.#count - 1);
    let { texts } = await readResultTexts(this.#redis, this.#run, first);
    // Where Redis lost some, others are in their places.
    if (first > 0 && nameOf(texts[0]) !== this.#last) {
      first = 0;
      ({ texts } = await readResultTexts(this.#redis, this.#run, first));
    }
    this.#count = first + texts.length;
    this.#last = nameOf(texts.at(-1));
    const results: EvaluationResult[] = [];
    for (const text of texts) {
      const name = nameOf(text)!;
      if (this.#read.has(name)) continue;
      this.#read.add(name);
      const result = admitResult(text);
      if (result !== null) results.push(result);
    }
    // None that is still in the list.
    for (const name of this.#read) {
      if (this.#read.size <= 2 * KEPT_RESULTS) break;
      this.#read.delete(name);
    }
    return results;
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

/** Results are known by what they say, their seconds included. Those that are too long to be read have one name. */
function nameOf(text: string | null | undefined): string | undefined {
  return text ? hash('sha1', text, 'base64') : text === null ? '' : undefined;
}

/**
 * The run's evaluation results in the order they came, as many as one reading takes.
 * @param first index of the first; below 0: counted from the end.
 */
export async function readEvaluations(
  redis: RedisClient,
  run: string,
  first = 0,
): Promise<EvaluationResult[]> {
  const { texts } = await readResultTexts(redis, run, first);
  return texts.map(admitResult).filter((result) => result !== null);
}

// KEYS: evaluations, weights, totals. ARGV: result, results kept. A job that was taken for stalled may end twice: its
// weights go with the first result, which counts.
const REPORT = `
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -ARGV[2], -1)
redis.call('HINCRBY', KEYS[3], 'evaluations', 1)
redis.call('UNLINK', KEYS[2])
return 1`;

/** Plays the request's episodes. Rejects when `signal` is aborted. */
export type Evaluate = (request: EvaluationRequest, signal: AbortSignal) => Promise<readonly number[]>;

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
      options.log.warn(`The evaluation of update ${job?.data.updates} failed: ${messageOf(error)}.`);
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

  /** Gives the job at hand back to the queue, and takes no other. With Redis away its lock runs out instead. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#worker.close(this.#options.redis.status !== 'ready');
  }

  async #process(job: Job<EvaluationJob>, token: string | undefined): Promise<void> {
    const { redis, run, evaluate, log } = this.#options;
    const keys = fleetKeys(run);
    const { updates, version, episodes, seed } = job.data;
    const extent = readExtent(job.data.bytes, job.data.parts);
    const weights = extent && (await readEvaluationWeights(this.#weights, run, job.id!, extent));
    if (!weights) throw new UnrecoverableError('its weights are no longer in Redis');
    const startedAt = performance.now();
    let returns: readonly number[];
    try {
      const request = { updates, version, parameters: weights.tensors, episodes, seed };
      returns = await evaluate(request, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const result: EvaluationResult = {
      updates,
      seed,
      returns,
      ...meanAndStd(returns),
      seconds: (performance.now() - startedAt) / 1000,
    };
    const report = async (): Promise<void> => {
      const weights = keys.evaluationWeights(job.id!);
      await redis.eval(
        REPORT,
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
