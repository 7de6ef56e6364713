import type { Chunk, Layout } from '../chunk/chunk.ts';
import { decodeChunk } from '../chunk/codec.ts';
import { checksumOf } from '../chunk/header.ts';
import { asBytes, makeObservations, observationSize } from '../chunk/layout.ts';
import { ChunkError } from '../chunk/validate.ts';
import { DialoguePlaces } from './dialogues/dialogue-places.ts';
import { cachedRows, ObservationCache } from './observation-cache.ts';
import { Prioritized, type PrioritizedOptions } from './prioritized.ts';
import type { PrioritySaver } from './priority-saver.ts';
import type { SampleUnit } from './sample-unit.ts';
import { type ChunkRecord, TransitionIndex } from './transition-index.ts';
import { type Places, SequencePlaces } from './units/sequence-places.ts';

export interface ContentsOptions {
  readonly layout: Layout;
  /** Transitions. */
  readonly capacity: number;
  /** Most bytes of observations that are cached. */
  readonly cacheBytes: number;
  readonly unit: SampleUnit;
  /** Null: sampling is uniform. */
  readonly prioritized: PrioritizedOptions | null;
  /** Whether chunks never left this process, so that they may be open. */
  readonly inProcess: boolean;
}

/** Equal priorities: all but transitions are always drawn by priority, since not every place is the beginning of a row. */
const ALIKE: PrioritizedOptions = { alpha: 0, epsilon: 1 };

function placesOf(unit: SampleUnit, priorities: Prioritized, { frames }: Layout): Places | null {
  if (unit.kind === 'transition') return null;
  return unit.kind === 'dialogue'
    ? new DialoguePlaces(priorities)
    : new SequencePlaces(priorities, unit, frames);
}

/** The chunks that can be sampled: their transitions, priorities and cached observations, in step with each other. */
export class Contents {
  readonly index: TransitionIndex;
  readonly cache: ObservationCache;
  readonly priorities: Prioritized | null;
  /** Where a row may begin; null: rows are transitions, which begin everywhere. */
  readonly #places: Places | null;
  readonly #layout: Layout;
  readonly #inProcess: boolean;
  #refused = 0;
  /** Scratch: leaves and their chunks and errors, of a batch whose priorities come back. */
  #leaves = new Int32Array(0);
  #errors = new Float32Array(0);
  readonly #chunks: ChunkRecord[] = [];

  constructor({ layout, capacity, cacheBytes, unit, prioritized, inProcess }: ContentsOptions) {
    this.index = new TransitionIndex(capacity, unit.rewards);
    const size = observationSize(layout);
    const rows = cachedRows(layout, { capacity, cacheBytes });
    this.cache = new ObservationCache(makeObservations(layout.dtype, rows * size), size);
    const priorities = prioritized ?? (unit.kind === 'transition' ? null : ALIKE);
    this.priorities = priorities && new Prioritized(this.index.leaves, priorities);
    this.#places = this.priorities && placesOf(unit, this.priorities, layout);
    this.#layout = layout;
    this.#inProcess = inProcess;
  }

  /** Chunks that were corrupted or foreign. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Ingests one chunk, the newest.
   * @param saved priorities of its transitions; null: there are none.
   * @returns null for a chunk that is refused.
   */
  add(id: number, bytes: Uint8Array, saved: Float32Array | null): { chunk: Chunk; first: number } | null {
    const chunk = this.#decode(bytes);
    if (chunk === null) return null;
    const { length } = chunk;
    if (length > this.index.leaves)
      throw new RangeError(
        `A view of ${this.index.leaves} transitions can't hold a chunk of ${length}: give it the store's capacity.`,
      );
    while (this.index.size + length > this.index.leaves) this.#drop();
    const record = this.index.add(id, chunk, checksumOf(bytes));
    // Tokens are in the index.
    if (this.#layout.tokens === undefined) this.cache.put(record, asBytes(chunk.observations));
    const kept = saved?.length === length ? saved : null;
    if (this.#places) this.#places.add(record, chunk.priorities, kept);
    else if (kept) this.priorities?.restore(record.start, kept);
    else this.priorities?.add(record.start, length, chunk.priorities);
    return { chunk, first: this.index.handleAt(record.start) };
  }

  /** Drops the chunks whose ids are below `oldest`. */
  dropBefore(oldest: number): void {
    for (let first = this.index.oldest; first && first.id < oldest; first = this.index.oldest) this.#drop();
  }

  clear(): void {
    while (this.index.size > 0) this.#drop();
  }

  /** The store has a chunk no longer: its transitions are not drawn again, nor is it part of a return. */
  lose(record: ChunkRecord, corrupted: boolean): void {
    if (record.dropped || record.gone) return;
    if (corrupted) this.#refused++;
    record.gone = true;
    const { next } = record;
    this.index.unlink(record);
    this.priorities?.remove(record.start, record.length);
    if (next !== null) this.#places?.orphan(next);
  }

  /** As `Replay.updatePriorities`; `saver` is told which chunks they are of. */
  updatePriorities(handles: Int32Array, errors: Float32Array, saver: PrioritySaver | null): void {
    if (!this.priorities) return;
    const count = handles.length;
    this.#reserve(count);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const error = errors[i];
      // x − x is NaN for all that is not finite: one such priority would spoil every sum above it.
      if (!this.index.holds(handles[i]) || error - error !== 0) continue;
      const leaf = this.index.leafOf(handles[i]);
      // A chunk that was lost keeps its zeros.
      if (this.priorities.get(leaf) === 0) continue;
      this.#leaves[kept] = leaf;
      this.#errors[kept++] = error;
    }
    this.priorities.update(this.#leaves, this.#errors, kept);
    if (saver === null) return;
    this.index.chunksAt(this.#leaves, kept, this.#chunks);
    saver.touch(this.#chunks, kept);
  }

  #reserve(count: number): void {
    if (this.#leaves.length >= count) return;
    this.#leaves = new Int32Array(count);
    this.#errors = new Float32Array(count);
  }

  #drop(): void {
    const next = this.index.oldest?.next ?? null;
    const { start, length } = this.index.dropOldest();
    this.priorities?.remove(start, length);
    if (next !== null) this.#places?.orphan(next);
  }

  #decode(bytes: Uint8Array): Chunk | null {
    try {
      return decodeChunk(bytes, this.#layout, this.#inProcess);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      this.#refused++;
      return null;
    }
  }
}
