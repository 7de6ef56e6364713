import type { ObservationArray } from '@qfleet/envs';
import type { Layout } from '../chunk/chunk.ts';
import { observationBytes } from '../chunk/layout.ts';
import { Fifo } from '../fifo.ts';
import type { ChunkRecord } from './transition-index.ts';

/**
 * Observations that a replay caches: all, where `cacheBytes` has room for them. They are a quarter more than the
 * transitions, for the extra row of a chunk.
 */
export const cachedRows = (
  layout: Layout,
  { capacity, cacheBytes }: { readonly capacity: number; readonly cacheBytes: number },
): number =>
  layout.tokens
    ? 0
    : Math.min(Math.floor(cacheBytes / observationBytes(layout)), Math.ceil(capacity * 1.25) + 4096);

/**
 * The cached rows of observations, in one ring: new chunks overwrite those that came first. A chunk's record says at
 * which row it lies, or −1.
 */
export class ObservationCache {
  readonly rows: ObservationArray;
  readonly size: number;
  /** The same memory as `rows`. */
  readonly bytes: Uint8Array;
  readonly #capacity: number;
  /** Resident chunks in ring order, the first to be overwritten first. */
  readonly #residents = new Fifo<ChunkRecord>();
  #head = 0;

  /** @param rows holds a whole number of observations of `size` elements. */
  constructor(rows: ObservationArray, size: number) {
    this.rows = rows;
    this.size = size;
    this.bytes = new Uint8Array(rows.buffer);
    this.#capacity = Math.floor(rows.length / size);
  }

  /** @param observations the `chunk.length + 1` rows, as bytes. A chunk that is larger than all of this stays out. */
  put(chunk: ChunkRecord, observations: Uint8Array): void {
    const count = chunk.length + 1;
    if (count > this.#capacity) return;
    if (this.#head + count > this.#capacity) {
      this.#evict(this.#head, this.#capacity);
      this.#head = 0;
    }
    this.#evict(this.#head, this.#head + count);
    this.bytes.set(observations, this.#head * this.size * this.rows.BYTES_PER_ELEMENT);
    chunk.row = this.#head;
    this.#residents.push(chunk);
    this.#head += count;
  }

  #evict(from: number, to: number): void {
    for (let oldest = this.#residents.at(0); oldest; oldest = this.#residents.at(0)) {
      if (oldest.row < from || oldest.row >= to) break;
      oldest.row = -1;
      this.#residents.shift();
    }
  }
}
