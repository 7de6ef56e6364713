import type { Layout } from '../chunk/chunk.ts';
import { rereadObservations } from '../chunk/codec.ts';
import { observationBytes } from '../chunk/layout.ts';
import type { ReplayStore } from '../store/store.ts';
import type { ChunkRecord } from './transition-index.ts';

/**
 * About how many bytes of observations one request brings, and how many may be in flight: few enough to stay in a
 * processor's cache until their turn comes.
 */
const REQUEST_BYTES = 1 << 20;
const BYTES_UNDER_WAY = 2 * REQUEST_BYTES;

interface Request {
  readonly chunks: readonly ChunkRecord[];
  readonly bytes: number;
  readonly resolve: (values: readonly (Uint8Array | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Brings the observations of chunks that have left the cache, for several callers at a time. */
export class FetchRows {
  /** Steps of the chunks that a call of `bring` should ask for, at most. */
  readonly stepsAtATime: number;
  /** Chunks that were fetched. */
  count = 0;
  readonly #store: ReplayStore;
  readonly #layout: Layout;
  readonly #refused: (chunk: ChunkRecord, corrupted: boolean) => void;
  readonly #rowBytes: number;
  readonly #waiting: Request[] = [];
  #bytesUnderWay = 0;
  #due = false;

  /** @param refused is told of chunks that the store has no longer, or only corrupted. */
  constructor(store: ReplayStore, layout: Layout, refused: (chunk: ChunkRecord, corrupted: boolean) => void) {
    this.#store = store;
    this.#layout = layout;
    this.#refused = refused;
    this.#rowBytes = observationBytes(layout);
    this.stepsAtATime = Math.max(1, Math.floor(REQUEST_BYTES / this.#rowBytes));
  }

  /** Puts the rows of each chunk that is there, as bytes, into `fetched`. @throws what the store throws. */
  async bring(chunks: readonly ChunkRecord[], fetched: Map<ChunkRecord, Uint8Array>): Promise<void> {
    const values = await this.#request(chunks);
    this.count += chunks.length;
    const rows = values.map(
      (bytes, i) =>
        bytes && rereadObservations(bytes, this.#layout, chunks[i].checksum, this.#store.inProcess === true),
    );
    const whole = rows.some((each) => each instanceof Promise) ? await Promise.all(rows) : rows;
    (whole as (Uint8Array | null)[]).forEach((bytes, i) => {
      if (bytes) fetched.set(chunks[i], bytes);
      else this.#refused(chunks[i], values[i] !== null);
    });
  }

  /**
   * What is asked for in one turn goes in one request, and several requests are in flight: the server never waits for
   * us, and replies do not pile up.
   */
  #request(chunks: readonly ChunkRecord[]): Promise<readonly (Uint8Array | null)[]> {
    const steps = chunks.reduce((sum, { length }) => sum + length, 0);
    if (!this.#due) queueMicrotask(() => this.#send());
    this.#due = true;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chunks, bytes: steps * this.#rowBytes, resolve, reject });
    });
  }

  #send(): void {
    this.#due = false;
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#bytesUnderWay > 0 && this.#bytesUnderWay + first.bytes > BYTES_UNDER_WAY) return;
      let [count, bytes] = [0, 0];
      do bytes += this.#waiting[count++].bytes;
      while (count < this.#waiting.length && bytes + this.#waiting[count].bytes <= REQUEST_BYTES);
      void this.#carryOut(this.#waiting.splice(0, count), bytes);
    }
  }

  async #carryOut(requests: readonly Request[], bytes: number): Promise<void> {
    this.#bytesUnderWay += bytes;
    try {
      const values = await this.#store.fetch(requests.flatMap(({ chunks }) => chunks.map(({ id }) => id)));
      let first = 0;
      for (const { chunks, resolve } of requests) {
        resolve(values.slice(first, first + chunks.length));
        first += chunks.length;
      }
    } catch (error) {
      for (const { reject } of requests) reject(error);
    }
    this.#bytesUnderWay -= bytes;
    this.#send();
  }
}
