import type { Chunk } from '@qfleet/replay';

/** Bytes of chunks that may still grow. Beyond, the one that has not grown for the longest is complete. */
const OPEN_BYTES = 64 << 20;

/** A row of a file: what tells its chunk. */
interface RowOfChunk {
  readonly writer: string;
  readonly sequence: number;
}

/** A chunk that rows are added to. It begins with the row that it was made for, which `push` adds. */
export interface Growing<Row> {
  /** Bytes that it takes. */
  readonly bytes: number;
  /** Whether a row is the next of this chunk. */
  isFollowedBy(row: Row): boolean;
  /** Adds a row, which is copied. @throws CellError where it does not go on where the row before it ended. */
  push(row: Row): void;
  toChunk(): Chunk;
}

/**
 * Makes chunks of rows: each of the rows of one writer and sequence whose steps follow one another, wherever they lie
 * in the file. A new chunk also begins where an episode ends, and where what rows say of their whole chunk changes. An
 * exported file gives the chunks that it was made of, in their order.
 */
export class Rechunker<Row extends RowOfChunk> {
  readonly #begin: (first: Row) => Growing<Row>;
  /** By writer and sequence: the chunk that the next row of theirs may go on with. */
  readonly #latest = new Map<string, Growing<Row>>();
  /** All chunks that may still grow, in the order in which they last grew, with writer and sequence. */
  readonly #open = new Map<Growing<Row>, string>();
  #last: Growing<Row> | null = null;
  #bytes = 0;

  /** @param begin makes a chunk that begins with a row. */
  constructor(begin: (first: Row) => Growing<Row>) {
    this.#begin = begin;
  }

  /** Adds a row. @throws CellError as its chunk does. */
  add(row: Row): void {
    const key = `${row.sequence} ${row.writer}`;
    let chunk = this.#latest.get(key);
    if (chunk?.isFollowedBy(row)) {
      this.#bytes -= chunk.bytes;
    } else {
      chunk = this.#begin(row);
      this.#latest.set(key, chunk);
    }
    chunk.push(row);
    this.#bytes += chunk.bytes;
    if (chunk === this.#last) return;
    this.#open.delete(chunk);
    this.#open.set(chunk, key);
    this.#last = chunk;
  }

  /** Takes out the chunks that are complete: with `all`, every one. */
  *take(all: boolean): Generator<Chunk> {
    for (const [chunk, key] of this.#open) {
      if (!all && this.#bytes <= OPEN_BYTES) return;
      this.#open.delete(chunk);
      this.#bytes -= chunk.bytes;
      if (this.#latest.get(key) === chunk) this.#latest.delete(key);
      if (this.#last === chunk) this.#last = null;
      yield chunk.toChunk();
    }
  }
}
