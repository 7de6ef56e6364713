import type { Chunk } from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import { CellError, integer, quote, text } from './cells.ts';
import type { Rows } from './parquet-file.ts';
import type { ColumnKind } from './parquet-schema.ts';

/** Reads a file's rows, each a step or a token, and makes chunks of them. */
export interface ChunkReader {
  /** The columns that a file needs, and what they hold. */
  readonly columns: ReadonlyMap<string, ColumnKind>;
  /** Adds row `i` of `rows`. @throws UsageError with file, column, row and place, where it is not what rows are here. */
  add(rows: Rows, i: number): void;
  /** Takes out the chunks that are complete: with `all`, every one. @throws UsageError */
  take(all: boolean): Generator<Chunk>;
}

const MOST_COUNT = 0xffffffff;
/** Bytes of a writer's name. */
const MOST_WRITER = 64;

/** Cells that rows of every kind have. @throws CellError */
export const writerCell = (value: unknown): string => text(value, 1, MOST_WRITER);
export const countCell = (value: unknown): number => integer(value, 0, MOST_COUNT);
export const wholeCell = (value: unknown): number => integer(value, 0, Number.MAX_SAFE_INTEGER);

/** A cell that can't be read, and where it is. */
interface Refused {
  readonly file: string;
  readonly rows: Rows;
  readonly i: number;
  readonly column: string;
  readonly error: unknown;
  /** What comes of it, as a part of a sentence. */
  readonly consequence: string;
}

/** What to throw for a CellError in a column of row `i` of `rows`; any other error is returned as it is. */
export function refusal({ file, rows, i, column, error, consequence }: Refused): unknown {
  if (!(error instanceof CellError)) return error;
  const { writer, sequence, step } = rows.columns;
  const of = `counted from 0; writer ${quote(writer[i])}, sequence ${quote(sequence[i])}, step ${quote(step[i])}`;
  return new UsageError(
    `${file}: column ${error.column ?? column} of row ${rows.first + i} (${of}) ${error.message}: ` +
      `${consequence}; mend that row or leave it out.`,
  );
}
