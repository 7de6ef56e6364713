import type { Random } from '@qfleet/random';
import type { Chunk, Layout } from './chunk/chunk.ts';
import { decodeChunk } from './chunk/codec.ts';
import { checksumOf } from './chunk/header.ts';
import { asBytes, makeObservations, observationBytes, observationSize } from './chunk/layout.ts';
import { ChunkError } from './chunk/validate.ts';
import type { Batch } from './sampling/batch.ts';
import { FetchRows } from './sampling/fetch-rows.ts';
import { ObservationCache } from './sampling/observation-cache.ts';
import { Prioritized, type PrioritizedOptions } from './sampling/prioritized.ts';
import { PrioritySaver } from './sampling/priority-saver.ts';
import { checkUnit, type SampleUnit, trainedSteps } from './sampling/sample-unit.ts';
import { type SampleOptions, Sampler } from './sampling/sampler.ts';
import { type ChunkRecord, TransitionIndex } from './sampling/transition-index.ts';
import { SequencePlaces } from './sampling/units/sequence-places.ts';
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
  /** Observations that make a state, oldest first on a new leading axis; 1: the observation itself. */
  readonly frameStack?: number;
  /** Most bytes of observations kept here; what is beyond is fetched again when it is sampled. Default 1 GiB. */
  readonly cacheBytes?: number;
  /** Left out: sampling is uniform. */
  readonly prioritized?: PrioritizedOptions;
  /**
   * Where priorities outlive this process (`savePriorities`), and this learner's fencing token, which goes with all
   * that it writes.
   */
  readonly saving?: { readonly store: PriorityStore; readonly fence: number };
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

/** Equal priorities: sequences are always drawn by priority, since not every place is the beginning of one. */
const ALIKE: PrioritizedOptions = { alpha: 0, epsilon: 1 };

/** Bytes a call of the store's `follow` asks for: few enough to stay in a processor's cache until they are ingested. */
const FOLLOW_BYTES = 2 << 20;
/** Calls of the store's `admit` a `sync` makes at most. */
const ADMISSIONS = 8;

/**
 * Observations that a replay caches: all, where `cacheBytes` has room for them. They are a quarter more than the
 * transitions, for the extra row of a chunk.
 */
export const cachedRows = (
  layout: Layout,
  { capacity, cacheBytes }: { readonly capacity: number; readonly cacheBytes: number },
): number => Math.min(Math.floor(cacheBytes / observationBytes(layout)), Math.ceil(capacity * 1.25) + 4096);

/**
 * The learner's view of a replay: it follows a store, knows every transition in it, and puts batches together.
 * Calls may overlap, except `sync` with itself.
 */
export class Replay {
  readonly #store: ReplayStore;
  readonly #options: ReplayOptions;
  readonly #index: TransitionIndex;
  readonly #cache: ObservationCache;
  readonly #priorities: Prioritized | null;
  readonly #fetch: FetchRows;
  readonly #sampler: Sampler;
  readonly #counts = { refusedChunks: 0, losses: 0 };
  readonly #saver: PrioritySaver | null;
  /** Where a sequence may begin; null: rows are transitions, which begin everywhere. */
  readonly #places: SequencePlaces | null;
  #standing: ReplayStanding | null = null;
  #followed = 0;
  #sampledUnrecorded = 0;
  /** Scratch: leaves and their chunks and errors, of a batch whose priorities come back. */
  #leaves = new Int32Array(0);
  #errors = new Float32Array(0);
  readonly #chunks: ChunkRecord[] = [];

  constructor(store: ReplayStore, options: ReplayOptions) {
    const { layout, capacity, unit, discount, frameStack = 1, cacheBytes = 2 ** 30 } = options;
    checkUnit(unit);
    if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount is in 0 … 1, not ${discount}.`);
    if (!Number.isInteger(frameStack) || frameStack < 1)
      throw new RangeError(`frameStack is an integer from 1 up, not ${frameStack}.`);
    this.#store = store;
    this.#options = options;
    this.#index = new TransitionIndex(capacity);
    const priorities = options.prioritized ?? (unit.kind === 'sequence' ? ALIKE : null);
    this.#priorities = priorities && new Prioritized(this.#index.leaves, priorities);
    this.#saver =
      this.#priorities && options.prioritized && options.saving
        ? new PrioritySaver(this.#priorities, options.saving.store, options.saving.fence)
        : null;
    const size = observationSize(layout);
    const rows = cachedRows(layout, { capacity, cacheBytes });
    this.#cache = new ObservationCache(makeObservations(layout.observationDType, rows * size), size);
    this.#fetch = new FetchRows(store, layout, (chunk, corrupted) => this.#lose(chunk, corrupted));
    const states = new States(this.#cache, frameStack);
    const columns = layout.columns ?? [];
    const assembler =
      unit.kind === 'sequence'
        ? new SequenceAssembler(this.#index, states, unit, discount, columns)
        : new TransitionAssembler(this.#index, states, unit, discount, columns);
    this.#places = unit.kind === 'sequence' ? new SequencePlaces(this.#priorities!, unit, frameStack) : null;
    this.#sampler = new Sampler(this.#index, this.#priorities, assembler, this.#fetch);
  }

  /** Transitions that can be sampled. */
  get size(): number {
    return this.#index.size;
  }

  get counts(): ReplayCounts {
    return { ...this.#counts, refetchedChunks: this.#fetch.count };
  }

  /** Times that the store had lost its content, as in `counts`. */
  get losses(): number {
    return this.#counts.losses;
  }

  /** Whether all that can be sampled is cached: the oldest is, for chunks leave index and cache in order. */
  get allAtHand(): boolean {
    const { oldest } = this.#index;
    return oldest === null || oldest.row >= 0;
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
      this.#dropBefore(standing.oldest);
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
    this.countSampled(batch.size);
  }

  /**
   * As `sample`, for a batch that is used later: it counts as sampled when `countSampled` says so.
   * @returns null where the batch is filled; else a promise of it, until which it is not to be touched.
   */
  prepare(batch: Batch, random: Random, options: SampleOptions = {}): Promise<void> | null {
    return this.#sampler.fill(batch, random, options);
  }

  /** Counts the transitions of so many rows as sampled; the next `sync` tells the store. */
  countSampled(rows: number): void {
    this.#sampledUnrecorded += rows * trainedSteps(this.#options.unit);
  }

  /**
   * Gives sampled transitions their new priorities |TD error| + ε. Those that were evicted meanwhile are left out.
   * @param handles a batch's; `errors` has as many values.
   */
  updatePriorities(handles: Int32Array, errors: Float32Array): void {
    if (!this.#priorities) return;
    const count = handles.length;
    this.#reserve(count);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const error = errors[i];
      // x − x is NaN for all that is not finite: one such priority would spoil every sum above it.
      if (!this.#index.holds(handles[i]) || error - error !== 0) continue;
      const leaf = this.#index.leafOf(handles[i]);
      // A chunk that was lost keeps its zeros.
      if (this.#priorities.get(leaf) === 0) continue;
      this.#leaves[kept] = leaf;
      this.#errors[kept++] = error;
    }
    this.#priorities.update(this.#leaves, this.#errors, kept);
    if (this.#saver === null) return;
    this.#index.chunksAt(this.#leaves, kept, this.#chunks);
    this.#saver.touch(this.#chunks, kept);
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

  #reserve(count: number): void {
    if (this.#leaves.length >= count) return;
    this.#leaves = new Int32Array(count);
    this.#errors = new Float32Array(count);
  }

  /** Whether the store is another than the one followed so far, or has gone back behind it. */
  #wasLost(standing: ReplayStanding): boolean {
    if (this.#standing === null) return false;
    return standing.generation !== this.#standing.generation || standing.newest < this.#followed;
  }

  #forget(): void {
    while (this.#index.size > 0) this.#drop();
    this.#saver?.beginAnew();
    this.#followed = 0;
    this.#standing = null;
    this.#counts.losses++;
  }

  #dropBefore(oldest: number): void {
    for (let first = this.#index.oldest; first && first.id < oldest; first = this.#index.oldest) this.#drop();
  }

  #drop(): void {
    const next = this.#index.oldest?.next ?? null;
    const { start, length } = this.#index.dropOldest();
    this.#priorities?.remove(start, length);
    if (next !== null) this.#places?.orphan(next);
  }

  /** Ingests one chunk; returns its transitions, 0 for a refused one. */
  #take(id: number, bytes: Uint8Array, saved: Float32Array | null): number {
    const chunk = this.#decode(bytes);
    if (chunk === null) return 0;
    const { length } = chunk;
    if (length > this.#index.leaves)
      throw new RangeError(
        `A view of ${this.#index.leaves} transitions can't hold a chunk of ${length}: give it the store's capacity.`,
      );
    while (this.#index.size + length > this.#index.leaves) this.#drop();
    const record = this.#index.add(id, chunk, checksumOf(bytes));
    this.#cache.put(record, asBytes(chunk.observations));
    const kept = saved?.length === length ? saved : null;
    if (this.#places) this.#places.add(record, chunk.priorities, kept);
    else if (kept) this.#priorities?.restore(record.start, kept);
    else this.#priorities?.add(record.start, length, chunk.priorities);
    this.#options.onTaken?.(chunk, this.#index.handleAt(record.start));
    return length;
  }

  #decode(bytes: Uint8Array): Chunk | null {
    try {
      return decodeChunk(bytes, this.#options.layout, this.#store.inProcess);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      this.#counts.refusedChunks++;
      return null;
    }
  }

  /** The store has a chunk no longer: its transitions are not drawn again, nor is it part of a return. */
  #lose(record: ChunkRecord, corrupted: boolean): void {
    if (record.dropped || record.gone) return;
    if (corrupted) this.#counts.refusedChunks++;
    record.gone = true;
    const { next } = record;
    this.#index.unlink(record);
    this.#priorities?.remove(record.start, record.length);
    if (next !== null) this.#places?.orphan(next);
  }
}
