import type { Random } from '@qfleet/random';
import type { Replay } from './replay.ts';
import type { Batch } from './sampling/batch.ts';
import type { SampleOptions } from './sampling/sampler.ts';

/** The batches of one call of the learner, drawn and on their way. */
interface Call<B> {
  readonly batches: readonly B[];
  /** Null once all are whole. */
  arriving: Promise<void> | null;
  /** The replay's losses when they were drawn. */
  readonly losses: number;
}

/**
 * Draws batches ahead of their use, so that what has to be fetched for them comes while others are trained on. They
 * are drawn with the priorities of that time, which are `ahead` calls old at most. While all of the replay is cached
 * nothing has to be fetched, and nothing is drawn ahead.
 */
export class Prefetcher<B extends Batch = Batch> {
  readonly #replay: Replay;
  readonly #random: Random;
  readonly #make: () => B[];
  readonly #ahead: number;
  readonly #queue: Call<B>[] = [];
  /** Batches that may be refilled. */
  readonly #free: (readonly B[])[] = [];
  #inUse: readonly B[] | null = null;
  #waitedSeconds = 0;

  /**
   * @param make the batches of one call.
   * @param ahead calls that are drawn ahead; 0: none ever, so that a run is the same whatever comes when.
   */
  constructor(replay: Replay, random: Random, make: () => B[], ahead: number) {
    this.#replay = replay;
    this.#random = random;
    this.#make = make;
    this.#ahead = ahead;
  }

  /** Seconds that `next` waited for what was on its way. */
  get waitedSeconds(): number {
    return this.#waitedSeconds;
  }

  /**
   * The batches of the next call, counted as sampled; they are refilled after the call of `next` that follows.
   * @returns null where the store lost its content while they were on their way.
   * @throws what the store throws, and RangeError as `Replay.sample`.
   */
  async next(options: SampleOptions): Promise<readonly B[] | null> {
    if (this.#inUse !== null) this.#free.push(this.#inUse);
    this.#inUse = null;
    const { losses } = this.#replay;
    // Batches that were drawn from a lost replay may still be written into, so they are not used again.
    while (this.#queue.length > 0 && this.#queue[0].losses !== losses) this.#queue.shift();
    // Some at once: they then come in one request.
    const ahead = this.#replay.allCached ? 0 : this.#ahead;
    if (this.#queue.length <= ahead >> 1)
      while (this.#queue.length <= ahead) this.#queue.push(this.#draw(options));

    const { batches, arriving } = this.#queue.shift()!;
    if (arriving !== null) {
      const began = performance.now();
      try {
        await arriving;
      } catch (error) {
        if (this.#replay.losses === losses) throw error;
        return null;
      } finally {
        this.#waitedSeconds += (performance.now() - began) / 1000;
      }
    }
    for (const batch of batches) this.#replay.countSampled(batch);
    this.#inUse = batches;
    return batches;
  }

  #draw(options: SampleOptions): Call<B> {
    const batches = this.#free.pop() ?? this.#make();
    const parts: Promise<void>[] = [];
    for (const batch of batches) {
      const part = this.#replay.prepare(batch, this.#random, options);
      if (part !== null) parts.push(part);
    }
    const call: Call<B> = { batches, arriving: null, losses: this.#replay.losses };
    if (parts.length > 0) {
      call.arriving = allOf(parts);
      call.arriving.then(
        () => {
          call.arriving = null;
        },
        // Met where the call is used.
        () => undefined,
      );
    }
    return call;
  }
}

/** Waits for all of them, and then throws the first failure. */
async function allOf(parts: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(parts)) if (result.status === 'rejected') throw result.reason;
}
