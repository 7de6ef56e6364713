import type { Chunk, Layout } from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import type { ParquetFile } from './parquet-file.ts';
import { schemaProblem } from './parquet-schema.ts';
import { Rechunker } from './rechunk.ts';
import { RowReader } from './row-reader.ts';

export interface ReadOptions {
  /** Its name, for messages. */
  readonly file: string;
  /** What its rows are to hold. */
  readonly layout: Layout;
  /** What comes of a row that is no transition, as a part of a sentence. */
  readonly consequence: string;
  /** Columns that are passed over. Default: none. */
  readonly ignored?: ReadonlySet<string>;
}

/**
 * The transitions of a Parquet file in chunks (`Rechunker`), as often as they are asked for.
 * @throws UsageError where it has other columns, and then, where a row is no transition.
 */
export function chunksOf(source: ParquetFile, options: ReadOptions): () => AsyncGenerator<Chunk> {
  const { file, layout, consequence, ignored = new Set() } = options;
  const problem = schemaProblem(source.metadata, new RowReader(file, layout, consequence).columns, ignored);
  if (problem !== null) throw new UsageError(`${file} ${problem}.`);
  return async function* chunks() {
    const reader = new RowReader(file, layout, consequence);
    const rechunker = new Rechunker(layout);
    for await (const rows of source.rows([...reader.columns.keys()])) {
      for (let i = 0; i < rows.count; i++) {
        const row = reader.read(rows, i);
        try {
          rechunker.add(row, reader.arrays);
        } catch (error) {
          throw reader.refusal(rows, i, 'observation', error);
        }
        yield* rechunker.take(false);
      }
    }
    yield* rechunker.take(true);
  };
}
