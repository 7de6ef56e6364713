import type { Random } from '@qfleet/random';
import { Assembler } from './assembler.ts';
import type { Batch } from './batch.ts';
import type { Layout } from './chunk.ts';
import { decodeChunk, decodeObservations } from './codec.ts';
import { makeObservations, observationBytes, observationSize } from './layout.ts';
import { ObservationCache } from './observation-cache.ts';
import { Prioritized, type PrioritizedOptions } from './prioritized.ts';
import { PrioritySaver } from './priority-saver.ts';
import type { PriorityStore } from './priority-store.ts';
import type { ReplayStanding, ReplayStore } from './store.ts';
import { type ChunkRecord, TransitionIndex } from './transition-index.ts';
import { ChunkError } from './validate-chunk.ts';

export interface ReplayOptions {
  readonly layout: Layout;
  /** The store's capacity in transitions. */
  readonly capacity: number;
  /** γ. */
  readonly discount: number;
  /** n of the n-step returns. */
  readonly nStep: number;
  /** Observations that make a state, oldest first on a new leading axis; 1: the observation itself. */
  readonly frameStack?: number;
  /** Most bytes of observations kept here; what is beyond is fetched again when it is sampled. Default 1 GiB. */
  readonly cacheBytes?: number;
  /** Left out: sampling is uniform. */
  readonly prioritized?: PrioritizedOptions;
  /** Where priorities outlive this process (`savePriorities`), and this learner's fencing token. */
  readonly saving?: { readonly store: PriorityStore; readonly fence: number };
}

export interface SampleOptions {
  /** Exponent of the importance weights wᵢ = (N·P(i))^−β / max w; only with priorities. Default 0: all 1. */
  readonly beta?: number;
  /** Whether a transition may come twice in a batch. Default true. */
  readonly replacement?: boolean;
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

/** Bytes a call of the store's `follow` asks for. */
const FOLLOW_BYTES = 8 << 20;
/** Draws a row may take before the replay counts as having nothing to give. */
const MOST_DRAWS = 1000;

/**
 * The learner's view of a replay: it follows a store, knows every transition in it, and puts batches together.
 * `sync` and `sample` may overlap; neither may overlap with itself.
 */
export class Replay {
  readonly #store: ReplayStore;
  readonly #options: ReplayOptions;
  readonly #index: TransitionIndex;
  readonly #cache: ObservationCache;
  readonly #priorities: Prioritized | null;
  readonly #assembler: Assembler;
  readonly #counts = { refusedChunks: 0, refetchedChunks: 0, losses: 0 };
  readonly #drawn = new Set<number>();
  readonly #saver: PrioritySaver | null;
  #standing: ReplayStanding | null = null;
  #followed = 0;
  #sampledUnrecorded = 0;
  /** Scratch: leaves and their chunks or errors, of a batch that is drawn or whose priorities come back. */
  #leaves = new Int32Array(0);
  #errors = new Float32Array(0);
  readonly #chunks: ChunkRecord[] = [];

  constructor(store: ReplayStore, options: ReplayOptions) {
    const { layout, capacity, nStep, discount, frameStack = 1, cacheBytes = 2 ** 30 } = options;
    if (!Number.isInteger(nStep) || nStep < 1)
      throw new RangeError(`nStep is an integer from 1 up, not ${nStep}.`);
    if (!(discount >= 0 && discount <= 1)) throw new RangeError(`discount is in 0 … 1, not ${discount}.`);
    if (!Number.isInteger(frameStack) || frameStack < 1)
      throw new RangeError(`frameStack is an integer from 1 up, not ${frameStack}.`);
    this.#store = store;
    this.#options = options;
    this.#index = new TransitionIndex(capacity);
    this.#priorities = options.prioritized ? new Prioritized(this.#index.leaves, options.prioritized) : null;
    this.#saver =
      this.#priorities && options.saving
        ? new PrioritySaver(this.#priorities, options.saving.store, options.saving.fence)
        : null;
    const size = observationSize(layout);
    // Rows for everything, where that fits: a quarter more than the transitions, for the extra row of a chunk.
    const rows = Math.min(
      Math.floor(cacheBytes / observationBytes(layout)),
      Math.ceil(capacity * 1.25) + 4096,
    );
    this.#cache = new ObservationCache(makeObservations(layout.observationDType, rows * size), size);
    this.#assembler = new Assembler(this.#index, this.#cache, { nStep, discount, frameStack });
  }

  /** Transitions that can be sampled. */
  get size(): number {
    return this.#index.size;
  }

  get counts(): ReplayCounts {
    return { ...this.#counts };
  }

  /** How the store stood at the last `sync`, with what was sampled since. Null before the first. */
  get standing(): ReplayStanding | null {
    const standing = this.#standing;
    return standing && { ...standing, sampledTotal: standing.sampledTotal + this.#sampledUnrecorded };
  }

  /**
   * Takes in the chunks that came since the last call, drops those that were evicted, and tells the store how much
   * was sampled.
   * @returns the transitions taken in.
   * @throws what the store throws when it can't be reached; the next call goes on where this one stopped.
   */
  async sync(): Promise<number> {
    const sampled = this.#sampledUnrecorded;
    if (sampled > 0) {
      const standing = await this.#store.recordSampled(sampled);
      this.#sampledUnrecorded -= sampled;
      if (!this.#wasLost(standing)) this.#standing = standing;
    }
    let added = 0;
    for (let goal = 0; ; ) {
      const { chunks, standing } = await this.#store.follow(this.#followed, FOLLOW_BYTES);
      if (this.#wasLost(standing)) {
        this.#forget();
        continue;
      }
      this.#standing = standing;
      this.#dropBefore(standing.oldest);
      const saved = await this.#saver?.load(chunks, standing);
      chunks.forEach(({ id, bytes }, i) => {
        this.#followed = id;
        added += this.#take(id, bytes, saved?.[i] ?? null);
      });
      goal ||= standing.newest;
      if (chunks.length === 0 || this.#followed >= goal) break;
    }
    return added;
  }

  /**
   * Fills `batch` with transitions drawn by `random`.
   * @throws RangeError when the replay is empty, or has fewer transitions than rows and `replacement` is false.
   */
  async sample(batch: Batch, random: Random, options: SampleOptions = {}): Promise<void> {
    const { beta = 0, replacement = true } = options;
    if (this.size === 0 || (!replacement && this.size < batch.size))
      throw new RangeError(
        `The replay holds ${this.size} transitions; a batch of ${batch.size} was asked for.`,
      );
    this.#reserve(batch.size);
    this.#draw(batch, random, replacement);
    const waiting: number[] = [];
    for (let row = 0; row < batch.size; row++)
      if (this.#assembler.locate(batch, row, this.#chunks[row], this.#leaves[row]) !== null)
        waiting.push(row);
    // Rows that wait are copied as nonsense here, and again when all they need is there.
    this.#assembler.copy(batch, 0, batch.size);
    while (waiting.length > 0) await this.#fetchFor(batch, waiting, random, replacement);
    if (this.#priorities) weigh(batch.weights, beta);
    else batch.weights.fill(1);
    this.#sampledUnrecorded += batch.size;
  }

  /**
   * Gives sampled transitions their new priorities |TD error| + ε. Those that were evicted meanwhile are left out.
   * @param leaves a batch's `leaves`; `tdErrors` has as many values.
   */
  updatePriorities(leaves: Int32Array, tdErrors: Float32Array): void {
    if (!this.#priorities) return;
    const count = leaves.length;
    this.#reserve(count);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const error = tdErrors[i];
      // x − x is NaN for all that is not finite: one such priority would spoil every sum above it.
      if (!this.#index.holds(leaves[i]) || error - error !== 0) continue;
      const leaf = this.#index.leafOf(leaves[i]);
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
    this.#assembler.reserve(count);
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
    this.#followed = 0;
    this.#standing = null;
    this.#counts.losses++;
  }

  #dropBefore(oldest: number): void {
    for (let first = this.#index.oldest; first && first.id < oldest; first = this.#index.oldest) this.#drop();
  }

  #drop(): void {
    const { start, length } = this.#index.dropOldest();
    this.#priorities?.remove(start, length);
  }

  /** Takes in one chunk; returns its transitions, 0 for a refused one. */
  #take(id: number, bytes: Uint8Array, saved: Float32Array | null): number {
    const chunk = this.#decode(bytes, decodeChunk);
    if (chunk === null) return 0;
    const { length } = chunk;
    if (length > this.#index.leaves)
      throw new RangeError(`A replay of ${this.#index.leaves} transitions can't hold a chunk of ${length}.`);
    if (!this.#cache.fits(length))
      throw new RangeError(
        `The replay's cache is too small for chunks of ${length} steps: give it at least ` +
          `${(length + 1) * 8 * observationBytes(this.#options.layout)} bytes (cacheBytes).`,
      );
    while (this.#index.size + length > this.#index.leaves) this.#drop();
    const record = this.#index.add(id, chunk);
    const { buffer, byteOffset, byteLength } = chunk.observations;
    this.#cache.put(record, new Uint8Array(buffer, byteOffset, byteLength));
    if (saved?.length === length) this.#priorities?.restore(record.start, saved);
    else this.#priorities?.add(record.start, length, chunk.priorities);
    return length;
  }

  #decode<T>(bytes: Uint8Array, decode: (bytes: Uint8Array, layout: Layout) => T): T | null {
    try {
      return decode(bytes, this.#options.layout);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      this.#counts.refusedChunks++;
      return null;
    }
  }

  /** Draws a transition for each row: its handle into `leaves`, N·P(i) into `weights`. */
  #draw(batch: Batch, random: Random, replacement: boolean): void {
    const index = this.#index;
    const leaves = this.#leaves;
    const { size } = batch;
    if (this.#priorities) {
      this.#priorities.draw(leaves, size, random);
    } else {
      for (let row = 0; row < size; row++)
        leaves[row] = index.leafOf(index.handle(Math.floor(random.uniform() * index.size)));
    }
    index.chunksAt(leaves, size, this.#chunks);
    this.#drawn.clear();
    for (let row = 0; row < size; row++) this.#settle(batch, row, random, replacement);
  }

  /** Takes row `row`'s drawn leaf, or draws others until one can be taken. */
  #settle(batch: Batch, row: number, random: Random, replacement: boolean): void {
    const index = this.#index;
    const priorities = this.#priorities;
    for (let draws = 0; draws < MOST_DRAWS && priorities?.total !== 0; draws++) {
      if (draws > 0) this.#redraw(row, random);
      const leaf = this.#leaves[row];
      if (!this.#assembler.usable(this.#chunks[row], leaf)) continue;
      const handle = index.handleAt(leaf);
      if (!replacement) {
        if (this.#drawn.has(handle)) continue;
        this.#drawn.add(handle);
      }
      batch.leaves[row] = handle;
      if (priorities) batch.weights[row] = (priorities.get(leaf) / priorities.total) * index.size;
      return;
    }
    throw new RangeError(
      `No transition to sample was found in ${MOST_DRAWS} draws (the replay holds ${index.size}): its chunks ` +
        'are gone from the store, or a batch without replacement is nearly as large as the replay.',
    );
  }

  /** Draws another leaf for a row, from all. */
  #redraw(row: number, random: Random): void {
    const index = this.#index;
    const leaf = this.#leaves.subarray(row, row + 1);
    if (this.#priorities) this.#priorities.draw(leaf, 1, random);
    else leaf[0] = index.leafOf(index.handle(Math.floor(random.uniform() * index.size)));
    this.#chunks[row] = index.chunkAt(leaf[0]);
  }

  /** Fetches what the first of the waiting rows need, and fills those rows. */
  async #fetchFor(batch: Batch, waiting: number[], random: Random, replacement: boolean): Promise<void> {
    const wanted = new Set<ChunkRecord>();
    let rows = 0;
    for (const row of waiting) {
      const chunk = this.#relocate(batch, row, random, replacement);
      if (chunk === null || wanted.has(chunk)) continue;
      if (wanted.size > 0 && rows + chunk.length + 1 > this.#cache.safeRows) break;
      wanted.add(chunk);
      rows += chunk.length + 1;
    }
    const records = [...wanted];
    const values = await this.#store.fetch(records.map(({ id }) => id));
    this.#counts.refetchedChunks += records.length;
    records.forEach((record, i) => {
      const bytes = values[i];
      const chunk = bytes && this.#decode(bytes, decodeObservations);
      // After a store has lost its last writes, another chunk may have come under this one's id.
      const same =
        chunk?.writer === record.writer &&
        chunk.sequence === record.sequence &&
        chunk.length === record.length;
      if (chunk && same) this.#cache.put(record, chunk.observations);
      else this.#lose(record);
    });

    let kept = 0;
    for (const row of waiting) {
      if (this.#relocate(batch, row, random, replacement) === null) this.#assembler.copy(batch, row, row + 1);
      else waiting[kept++] = row;
    }
    waiting.length = kept;
  }

  /** As `locate`, for a transition that may have been dropped or lost since it was drawn: then another is drawn. */
  #relocate(batch: Batch, row: number, random: Random, replacement: boolean): ChunkRecord | null {
    const index = this.#index;
    this.#leaves[row] = index.leafOf(batch.leaves[row]);
    this.#chunks[row] = index.chunkAt(this.#leaves[row]);
    if (!index.holds(batch.leaves[row]) || !this.#assembler.usable(this.#chunks[row], this.#leaves[row])) {
      this.#redraw(row, random);
      this.#settle(batch, row, random, replacement);
    }
    return this.#assembler.locate(batch, row, this.#chunks[row], this.#leaves[row]);
  }

  /** The store has a chunk no longer: its transitions are not drawn again, nor is it part of a return. */
  #lose(record: ChunkRecord): void {
    record.gone = true;
    this.#index.unlink(record);
    if (this.#index.chunkAt(record.start) === record) this.#priorities?.remove(record.start, record.length);
  }
}

/** wᵢ = (N·P(i))^−β, divided by the batch's largest (Schaul et al., 2016, section 3.4). */
function weigh(weights: Float32Array, beta: number): void {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] **= -beta;
    if (weights[i] > largest) largest = weights[i];
  }
  for (let i = 0; i < weights.length; i++) weights[i] /= largest;
}
