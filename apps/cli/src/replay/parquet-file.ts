import {
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  type RowGroup,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UsageError } from '../errors.ts';

/** Bytes that are decoded at a time, and the most that one column of a row group may take. */
const PORTION_BYTES = 256 << 20;
const MOST_COLUMN_BYTES = 1 << 30;

/** pyarrow also compresses an empty dictionary, to what the library's LZ4 takes for damaged. */
const decompressors: Compressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number) => (length === 0 ? new Uint8Array(0) : decompress(input, length)),
  ]),
);

/** Consecutive rows of a file, in columns. */
export interface Rows {
  /** The number of the first in the file, from 0. */
  readonly first: number;
  readonly count: number;
  readonly columns: Readonly<Record<string, ArrayLike<unknown>>>;
}

/** A Parquet file, whatever it is compressed by. */
export interface ParquetFile {
  readonly metadata: FileMetaData;
  /** All rows, in portions of one row group or less: what is in memory is bounded. @throws UsageError */
  rows(columns: readonly string[]): AsyncGenerator<Rows>;
}

/**
 * Opens a Parquet file.
 * @throws UsageError when there is no such file, or it is not one of Parquet.
 */
export async function openParquet(name: string): Promise<ParquetFile> {
  const refuse = (error: unknown): UsageError => {
    const { code, message } = error as NodeJS.ErrnoException;
    // What a damaged length or offset leads to.
    const reason = error instanceof RangeError || error instanceof TypeError ? 'it is damaged' : message;
    return new UsageError(`${name} can't be read as a Parquet file: ${code ?? reason}.`);
  };
  try {
    const file = await asyncBufferFromFile(name);
    const metadata = await parquetMetadataAsync(file);
    return {
      metadata,
      async *rows(names) {
        let first = 0;
        for (const group of metadata.row_groups) {
          const rows = Number(group.num_rows);
          const portion = portionOf(group, name);
          for (let at = 0; at < rows; at += portion) {
            const [rowStart, rowEnd] = [first + at, first + Math.min(at + portion, rows)];
            const columns: Record<string, ArrayLike<unknown>> = {};
            try {
              // utf8: bytes stay bytes. Each portion has a scan of its own, since a scan keeps what it read.
              const scan = await parquetScan({ file, metadata, compressors: decompressors, utf8: false });
              for (const column of names) {
                columns[column] = await scan.readColumn({ column, rowStart, rowEnd });
                if (columns[column].length !== rowEnd - rowStart)
                  throw new Error(`column ${column} has fewer values than rows`);
              }
            } catch (error) {
              throw refuse(error);
            }
            yield { first: rowStart, count: rowEnd - rowStart, columns };
          }
          first += rows;
        }
      },
    };
  } catch (error) {
    throw refuse(error);
  }
}

/** Rows of a row group to decode at a time. @throws UsageError where one column of it is too large by itself. */
function portionOf(group: RowGroup, name: string): number {
  const rows = Number(group.num_rows);
  // Decoded, a value takes 8 bytes or more, however well its column was encoded.
  const sizes = group.columns.map(({ meta_data: column }) =>
    column ? Number(column.total_uncompressed_size) + 8 * Number(column.num_values) : 0,
  );
  const largest = Math.max(...sizes);
  if (largest > MOST_COLUMN_BYTES)
    throw new UsageError(
      `${name} has a row group of ${rows} rows, too large to read at once: write it with row groups of at most ` +
        `${Math.floor((rows * MOST_COLUMN_BYTES) / largest)} rows.`,
    );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return Math.max(1, Math.ceil((rows * PORTION_BYTES) / Math.max(bytes, PORTION_BYTES)));
}
