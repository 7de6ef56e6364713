import type { Random } from '@qfleet/random';
import type { Layout } from './chunk/chunk.ts';
import type { Batch } from './sampling/batch.ts';
import { Contents } from './sampling/contents.ts';
import { DialogueAssembler } from './sampling/dialogues/dialogue-assembler.ts';
import type { DialogueRows } from './sampling/dialogues/dialogue-batch.ts';
import { DialogueSampler, type DrawnChunk } from './sampling/dialogues/dialogue-sampler.ts';
import { FetchRows } from './sampling/fetch-rows.ts';
import type { PrioritizedOptions } from './sampling/prioritized.ts';
import { PrioritySaver } from './sampling/priority-saver.ts';
import { checkUnit, type SampleUnit, trainedSteps } from './sampling/sample-unit.ts';
import { type SampleOptions, Sampler } from './sampling/sampler.ts';
import { SequenceAssembler } from './sampling/units/sequences.ts';
import { States } from './sampling/units/states.ts';
import { TransitionAssembler } from './sampling/units/transitions.ts';
import type { PriorityStore } from './store/priority-store.ts';
import type { ReplayStanding, ReplayStore } from './store/store.ts';

export interface ReplayOptions {
  readonly layout: Layout;
  /** The store's capacity in transitions. */
  readonly capacity: number;
  /** γ. */
  readonly discount: number;
  /** What a sampled place expands into. */
  readonly unit: SampleUnit;
  /** Most bytes of observations kept here; what is beyond is fetched again when it is sampled. Default 1 GiB. */
  readonly cacheBytes?: number;
  /** Left out: sampling is uniform. */
  readonly prioritized?: PrioritizedOptions;
  /**
   * Where priorities outlive this process (`savePriorities`), and this learner's fencing token, which goes with all
   * that it writes.
   */
  readonly saving?: { readonly store: PriorityStore; readonly fence: number };
  /** What `drawn` of an earlier view was, from which this one goes on. Default: nothing. */
  readonly drawn?: readonly DrawnChunk[];
  /** Told of each chunk that is ingested: its transitions have the handles from `first` on, modulo 2^31. */
  readonly onTaken?: (
    chunk: { readonly writer: string; readonly sequence: number; readonly length: number },
    first: number,
  ) => void;
}

/** What the learner's view met since it was made. */
export interface ReplayCounts {
  /** Chunks that were corrupted or foreign: skipped, never trained on. */
  readonly refusedChunks: number;
  /** Chunks that had left the cache and were fetched again. */
  readonly refetchedChunks: number;
  /** Times that the store had lost its content and this view began anew. */
  readonly losses: number;
}

/** Bytes a call of the store's `follow` asks for: few enough to stay in a processor's cache until they are ingested. */
const FOLLOW_BYTES = 2 << 20;
/** Calls of the store's `admit` a `sync` makes at most. */
const ADMISSIONS = 8;

/**
 * The learner's view of a replay: it follows a store, knows every transition in it, and puts batches together.
 * Calls may overlap, except `sync` with itself.
 */
export class Replay {
  readonly #store: ReplayStore;
  readonly #options: ReplayOptions;
  readonly #contents: Contents;
  readonly #fetch: FetchRows;
  /** Fills a batch; a promise where something is fetched for it. */
  readonly #draw: (batch: Batch, random: Random, options: SampleOptions) => Promise<void> | null;
  /** Null: no chunk waits for others. */
  readonly #dialogues: DialogueSampler | null = null;
  readonly #saver: PrioritySaver | null;
  #standing: ReplayStanding | null = null;
  #followed = 0;
  #sampledUnrecorded = 0;
  #losses = 0;
  constructor(store: ReplayStore, options: ReplayOptions) {
    const { layout, capacity, unit, discount, cacheBytes = 2 ** 30 } = options;
    checkUnit(unit);
    if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount is in 0 … 1, not ${discount}.`);
    this.#store = store;
    this.#options = options;
    this.#contents = new Contents({
      layout,
      capacity,
      cacheBytes,
      unit,
      prioritized: options.prioritized ?? null,
      inProcess: store.inProcess === true,
    });
    const { index, cache, priorities } = this.#contents;
    this.#saver =
      priorities && options.prioritized && options.saving
        ? new PrioritySaver(priorities, options.saving.store, options.saving.fence)
        : null;
    this.#fetch = new FetchRows(store, layout, (chunk, corrupted) => this.#contents.lose(chunk, corrupted));
    if (unit.kind === 'dialogue') {
      const assembler = new DialogueAssembler(index, layout.tokens!, unit, discount);
      const dialogues = new DialogueSampler(index, priorities!, assembler, unit, options.drawn);
      this.#dialogues = dialogues;
      this.#draw = (batch, random, options) => {
        dialogues.fill(batch as DialogueRows, random, options);
        return null;
      };
      return;
    }
    const states = new States(cache, layout.frames);
    const columns = layout.columns ?? [];
    const assembler =
      unit.kind === 'sequence'
        ? new SequenceAssembler(index, states, unit, discount, columns)
        : new TransitionAssembler(index, states, unit, discount, columns);
    const sampler = new Sampler(index, priorities, assembler, this.#fetch);
    this.#draw = (batch, random, options) => sampler.fill(batch, random, options);
  }

  /** Transitions that can be sampled. */
  get size(): number {
    return this.#contents.index.size;
  }

  get counts(): ReplayCounts {
    return {
      refusedChunks: this.#contents.refused,
      refetchedChunks: this.#fetch.count,
      losses: this.#losses,
    };
  }

  /** Times that the store had lost its content, as in `counts`. */
  get losses(): number {
    return this.#losses;
  }

  /**
   * Chunks of texts that were drawn, and wait for a batch of their length: with the state of the stream that they were drawn by,
   * what sampling goes on from.
   */
  get drawn(): readonly DrawnChunk[] {
    return this.#dialogues?.drawn ?? [];
  }

  /** Whether all that can be sampled is cached: the oldest is, for chunks leave index and cache in order. */
  get allCached(): boolean {
    const { oldest } = this.#contents.index;
    return this.#options.layout.tokens !== undefined || oldest === null || oldest.row >= 0;
  }

  /** How the store stood at the last `sync`, with what was sampled since. Null before the first. */
  get standing(): ReplayStanding | null {
    const standing = this.#standing;
    return standing && { ...standing, sampledTotal: standing.sampledTotal + this.#sampledUnrecorded };
  }

  /**
   * Has the store admit what was handed in, where this is the learner's view. Ingests the chunks that came since the last
   * call, drops those that were evicted, and tells the store how much was sampled.
   * @returns the transitions ingested.
   * @throws FencedError when a learner with a higher token has written; what the store throws when it can't be
   *   reached: then the next call goes on where this one stopped.
   */
  async sync(): Promise<number> {
    const sampled = this.#sampledUnrecorded;
    const { saving } = this.#options;
    // The first time also for nothing: from then on a learner of a lower token is refused.
    if (sampled > 0 || (saving && this.#standing === null)) {
      const standing = await this.#store.recordSampled(sampled, saving?.fence);
      this.#sampledUnrecorded -= sampled;
      if (!this.#wasLost(standing)) this.#standing = standing;
    }
    if (saving) await this.#admit(saving.fence);
    let added = 0;
    let portion = this.#store.follow(this.#followed, FOLLOW_BYTES);
    for (let goal = 0; ; ) {
      const { chunks, standing, wentBack } = await portion;
      if (wentBack || this.#wasLost(standing)) {
        this.#forget();
        portion = this.#store.follow(0, FOLLOW_BYTES);
        continue;
      }
      this.#standing = standing;
      this.#contents.dropBefore(standing.oldest);
      goal ||= standing.newest;
      const last = chunks.at(-1)?.id ?? goal;
      if (last < goal) {
        // In flight while these are ingested.
        portion = this.#store.follow(last, FOLLOW_BYTES);
        portion.catch(() => undefined);
      }
      const saved = await this.#saver?.load(chunks, standing);
      chunks.forEach(({ id, bytes }, i) => {
        this.#followed = id;
        added += this.#take(id, bytes, saved?.[i] ?? null);
      });
      if (last >= goal) break;
    }
    return added;
  }

  /** Has the store admit what was handed in: a part of a long inbox, since chunks are to be followed too. */
  async #admit(fence: number): Promise<void> {
    for (let calls = 0; calls < ADMISSIONS; calls++) {
      if (((await this.#store.admit?.(fence)) ?? 0) === 0) return;
    }
  }

  /**
   * Fills `batch` with transitions drawn by `random`.
   * @throws RangeError when the replay is empty, or has fewer transitions than rows and `replacement` is false.
   */
  async sample(batch: Batch, random: Random, options: SampleOptions = {}): Promise<void> {
    await this.prepare(batch, random, options);
    this.countSampled(batch);
  }

  /**
   * As `sample`, for a batch that is used later: it counts as sampled when `countSampled` says so.
   * @returns null where the batch is filled; else a promise of it, until which it is not to be touched.
   */
  prepare(batch: Batch, random: Random, options: SampleOptions = {}): Promise<void> | null {
    return this.#draw(batch, random, options);
  }

  /** Counts the transitions of a batch as sampled; the next `sync` tells the store. */
  countSampled({ size, steps }: Batch): void {
    this.#sampledUnrecorded += steps ?? trainedSteps(this.#options.unit, size);
  }

  /**
   * Gives sampled transitions their new priorities |TD error| + ε. Those that were evicted meanwhile are left out.
   * @param handles a batch's; `errors` has as many values.
   */
  updatePriorities(handles: Int32Array, errors: Float32Array): void {
    this.#contents.updatePriorities(handles, errors, this.#saver);
  }

  /**
   * Saves the priorities that changed since the last call, in packed blocks; training goes on meanwhile. A learner
   * that starts later has them again with its first `sync`. Nothing to do without the option `saving`.
   * @throws FencedError when a learner with a higher token has saved; what the store throws when it can't be reached:
   *   then the next call saves them too.
   */
  async savePriorities(): Promise<void> {
    if (this.#standing) await this.#saver?.save(this.#standing.generation);
  }

  /** Whether the store is another than the one followed so far, or has gone back behind it. */
  #wasLost(standing: ReplayStanding): boolean {
    if (this.#standing === null) return false;
    return standing.generation !== this.#standing.generation || standing.newest < this.#followed;
  }

  #forget(): void {
    this.#contents.clear();
    this.#saver?.beginAnew();
    this.#followed = 0;
    this.#standing = null;
    this.#losses++;
  }

  /** Ingests one chunk; returns its transitions, 0 for a refused one. */
  #take(id: number, bytes: Uint8Array, saved: Float32Array | null): number {
    const added = this.#contents.add(id, bytes, saved);
    if (added === null) return 0;
    this.#options.onTaken?.(added.chunk, added.first);
    return added.chunk.length;
  }
}
