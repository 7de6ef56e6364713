import { hash } from 'node:crypto';
import type { RedisClient } from '@qfleet/replay';
import type { EvaluationRequest, EvaluationResult, Evaluations } from '@qfleet/training';
import type { Job, Queue } from 'bullmq';
import { FleetError, messageOf } from '../errors.ts';
import { EVALUATIONS_QUEUE, fleetKeys } from '../keys.ts';
import { admitResult, readResultTexts } from '../records/evaluation.ts';
import { refuse } from '../records/refusals.ts';
import { type Extent, readExtent } from '../redis/parts.ts';
import type { LearnerLease } from '../run/learner-lease.ts';
import { clearQueue, isDamage } from '../run/queue-keeper.ts';
import { openQueue } from '../run/queues.ts';
import { keepEvaluationWeights } from './evaluation-weights.ts';

/** A job of the queue: what is to be evaluated, and how large its parameters are. */
export interface EvaluationJob extends Extent {
  readonly updates: number;
  readonly version: number;
  readonly episodes: number;
  readonly seed: number;
}

/** The most requests that wait for an evaluator: beyond that, the oldest are given up. */
const MOST_WAITING = 100;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** How many results are kept. */
export const KEPT_RESULTS = 1_000;

/** Evaluations as BullMQ jobs, which any evaluator takes. The parameters lie beside the queue, in a key of their own. */
export class EvaluationQueue implements Evaluations {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #queue: Queue<EvaluationJob>;
  readonly #lease: LearnerLease;
  readonly #weights: RedisClient;
  /** Requests that were given up. */
  readonly #abandoned: Pick<EvaluationRequest, 'id' | 'updates'>[] = [];
  /** How many results there were at the last reading, the name of the last, and the names of those that were read. */
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
    const { id: jobId, updates, version, parameters, episodes, seed } = request;
    const weights = { version, updates, tensors: parameters };
    await this.#onSoundQueue(() => this.#makeRoom(parameters));
    const extent = await keepEvaluationWeights(this.#weights, this.#run, this.#lease, jobId, weights);
    if (extent === null) {
      this.#lease.lose();
      throw new FleetError(
        `The evaluation of update ${updates} of run ${this.#run} was refused: another learner took over.`,
      );
    }
    const job: EvaluationJob = { updates, version, episodes, seed, ...extent };
    const options = {
      jobId,
      attempts: 5,
      backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: 100,
    };
    await this.#onSoundQueue(() => this.#queue.add('evaluation', job, options));
  }

  /** Does `task`, and does it again on an empty queue where an evaluator left in the queue what can't be used. */
  async #onSoundQueue<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!isDamage(error)) throw error;
      refuse('queue', `of ${EVALUATIONS_QUEUE}: ${messageOf(error)}`);
      await clearQueue(this.#redis, this.#run, EVALUATIONS_QUEUE);
      return task();
    }
  }

  takeAbandoned(): Pick<EvaluationRequest, 'id' | 'updates'>[] {
    return this.#abandoned.splice(0);
  }

  /**
   * Gives up the oldest requests that no evaluator took, where these parameters and theirs would take too much memory.
   */
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
      this.#abandoned.push({ id: job.id!, updates: job.data.updates });
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

/** A result's name, made of all that it says; all that are too long to be read share one name. */
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
