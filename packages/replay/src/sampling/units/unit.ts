import type { Batch } from '../batch.ts';
import type { ChunkRecord } from '../transition-index.ts';

/**
 * Puts a batch's rows together in two passes: `locate` finds where a row's frames lie, `copy` then moves them all.
 * In the second, short loop the cache misses of many rows overlap. Rows of which something has to be fetched are put
 * together one by one, by `copyFetched`. A unit's batches are those that `makeBatch` makes for it.
 */
export interface Assembler {
  /** Makes room for batches of so many rows. */
  reserve(rows: number): void;
  /** Whether a row may begin at `leaf` of `chunk`, and the replay has all that it needs. */
  usable(chunk: ChunkRecord, leaf: number): boolean;
  /**
   * Writes what row `row` needs beside its states, and remembers where those lie. Chunks whose observations are not
   * cached are added to `missing`: without them, `copy` makes nonsense of the row.
   */
  locate(batch: Batch, row: number, chunk: ChunkRecord, leaf: number, missing: ChunkRecord[]): void;
  /** Copies the states of all rows, as they were located. */
  copy(batch: Batch): void;
  /**
   * Writes all of row `row`, with `fetched` rows (as bytes) of chunks that are not cached. Chunks that are in neither
   * place are added to `missing`: then the row is not whole.
   */
  copyFetched(
    batch: Batch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    fetched: ReadonlyMap<ChunkRecord, Uint8Array>,
    missing: ChunkRecord[],
  ): void;
}
