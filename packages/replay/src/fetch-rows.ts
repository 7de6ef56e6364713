import type { Layout } from './chunk.ts';
import { rereadObservations } from './codec.ts';
import { observationBytes } from './layout.ts';
import type { ReplayStore } from './store.ts';
import type { ChunkRecord } from './transition-index.ts';

/** Bytes of observations that one request is to bring: the next is then on its way while this one is put to use. */
const REQUEST_BYTES = 4 << 20;

/** Brings the observations of chunks that have left the cache, for several callers at a time. */
export class FetchRows {
  /** Steps of the chunks that a call of `rowsOf` should ask for, at most. */
  readonly stepsAtATime: number;
  /** Chunks that were fetched. */
  count = 0;
  readonly #store: ReplayStore;
  readonly #layout: Layout;
  readonly #refused: (chunk: ChunkRecord, corrupted: boolean) => void;
  /** The last two requests. */
  #underWay: readonly [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  /** @param refused is told of chunks that the store has no longer, or only corrupted. */
  constructor(store: ReplayStore, layout: Layout, refused: (chunk: ChunkRecord, corrupted: boolean) => void) {
    this.#store = store;
    this.#layout = layout;
    this.#refused = refused;
    this.stepsAtATime = Math.max(1, Math.floor(REQUEST_BYTES / observationBytes(layout)));
  }

  /** The rows of each chunk that is there, as bytes. @throws what the store throws. */
  async rowsOf(chunks: readonly ChunkRecord[]): Promise<ReadonlyMap<ChunkRecord, Uint8Array>> {
    const values = await this.#request(chunks.map(({ id }) => id));
    this.count += chunks.length;
    const rows = values.map(
      (bytes, i) => bytes && rereadObservations(bytes, this.#layout, chunks[i].length, chunks[i].checksum),
    );
    const whole = rows.some((each) => each instanceof Promise) ? await Promise.all(rows) : rows;
    const fetched = new Map<ChunkRecord, Uint8Array>();
    (whole as (Uint8Array | null)[]).forEach((bytes, i) => {
      if (bytes) fetched.set(chunks[i], bytes);
      else this.#refused(chunks[i], values[i] !== null);
    });
    return fetched;
  }

  /** Two requests are under way at a time: the server never waits for us, and what has come does not pile up. */
  #request(ids: readonly number[]): Promise<(Uint8Array | null)[]> {
    const [first, second] = this.#underWay;
    const values = first.then(() => this.#store.fetch(ids));
    this.#underWay = [second, values.catch(() => undefined)];
    return values;
  }
}
