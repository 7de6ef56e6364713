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
import { EVALUATIONS_QUEUE, fleetKeys } from './keys.ts';
import type { LearnerLease } from './learner-lease.ts';
import type { Logger } from './logger.ts';
import { outlastRefusedWrites } from './outlast.ts';
import { openQueue } from './queues.ts';
import { admitResult, readResultTexts } from './records/evaluation.ts';
import { asBuffer, decodeWeights, encodeWeights } from './weights-channel.ts';

interface EvaluationJob {
  readonly updates: number;
  readonly version: number;
  readonly episodes: number;
  readonly seed: number;
}

const WEIGHTS_EXPIRE_SECONDS = 3_600;
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;

/** Versions rise over restarts, so a checkpoint that is reached again after a crash is evaluated again. */
const jobIdOf = ({ updates, version, seed }: EvaluationJob): string =>
  `evaluation-${updates}-${version}-${seed}`;

// KEYS: weights, fence. ARGV: token, seconds, blob. Without its parameters a job is worth nothing. Returns 1, or 0 where
// another learner took over.
const KEEP_WEIGHTS = `
local fence = redis.call('GET', KEYS[2])
if fence and tonumber(fence) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[2])
return 1`;

/** Evaluations as BullMQ jobs, which any evaluator takes. The parameters lie beside the queue, in a key of their own. */
export class EvaluationQueue implements Evaluations {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #queue: Queue<EvaluationJob>;
  readonly #lease: LearnerLease;
  /** How many there were at the last reading, and the last of them; all that were ever read, by their names. */
  #count = 0;
  #last: string | undefined;
  readonly #read = new Set<string>();

  /** @param lease of the learner that asks. */
  constructor(redis: RedisClient, run: string, lease: LearnerLease) {
    this.#redis = redis;
    this.#run = run;
    this.#lease = lease;
    this.#queue = openQueue<EvaluationJob>(redis, run, EVALUATIONS_QUEUE);
  }

  /** @throws FleetError where another learner holds the lease (it is then told to be lost). */
  async request(request: EvaluationRequest): Promise<void> {
    const { updates, version, parameters, episodes, seed } = request;
    const job: EvaluationJob = { updates, version, episodes, seed };
    const jobId = jobIdOf(job);
    const blob = encodeWeights(this.#run, { version, updates, tensors: parameters });
    const keys = fleetKeys(this.#run);
    const { token } = this.#lease;
    const kept = await this.#redis.eval(
      KEEP_WEIGHTS,
      2,
      keys.evaluationWeights(jobId),
      keys.fence,
      token,
      WEIGHTS_EXPIRE_SECONDS,
      asBuffer(blob),
    );
    if (kept !== 1) {
      this.#lease.lose();
      throw new FleetError(
        `The evaluation of update ${updates} of run ${this.#run} was refused: another learner took over.`,
      );
    }
    await this.#queue.add('evaluation', job, {
      jobId,
      attempts: 5,
      backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: 100,
    });
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

// KEYS: evaluations, evaluated. ARGV: job, result. A job that was taken for stalled may end twice: the first counts.
const REPORT = `
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 then redis.call('RPUSH', KEYS[1], ARGV[2]) end
return 1`;

/** Plays the request's episodes. Rejects when `signal` is aborted. */
export type Evaluate = (request: EvaluationRequest, signal: AbortSignal) => Promise<readonly number[]>;

export interface EvaluationWorkerOptions {
  readonly redis: RedisClient;
  readonly run: string;
  readonly evaluate: Evaluate;
  readonly log: Logger;
}

/** Takes evaluation jobs, one at a time, plays them and reports. */
export class EvaluationWorker {
  readonly #options: EvaluationWorkerOptions;
  readonly #worker: Worker<EvaluationJob>;
  readonly #stop = new AbortController();
  #done = 0;
  #failed = 0;

  constructor(options: EvaluationWorkerOptions) {
    this.#options = options;
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
    const blob = await redis.getBuffer(keys.evaluationWeights(job.id!));
    if (!blob) throw new UnrecoverableError('its weights are no longer in Redis');
    const startedAt = performance.now();
    let returns: readonly number[];
    try {
      const { tensors } = decodeWeights(run, blob);
      returns = await evaluate({ updates, version, parameters: tensors, episodes, seed }, this.#stop.signal);
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
      await redis.eval(REPORT, 2, keys.evaluations, keys.evaluated, job.id!, JSON.stringify(result));
      await redis.del(keys.evaluationWeights(job.id!));
    };
    await outlastRefusedWrites(report, { log, signal: this.#stop.signal });
    this.#done++;
    log.info(
      { updates, mean: result.mean, std: result.std },
      `Evaluated update ${updates}: mean return ${result.mean}.`,
    );
  }
}
