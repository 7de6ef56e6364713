import type { Chunk, Layout } from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { ParquetFile } from './parquet-file.ts';
import { schemaProblem } from './parquet-schema.ts';
import { RowReader } from './row-reader.ts';
import { TEXT } from './tokens/token-columns.ts';
import { TokenReader } from './tokens/token-reader.ts';

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

/** The reader of rows as chunks of this layout have them. */
const readerOf = ({ file, layout, consequence }: ReadOptions): ChunkReader =>
  layout.tokens === undefined
    ? new RowReader(file, layout, consequence)
    : new TokenReader(file, layout, consequence);

/**
 * The rows of a Parquet file in chunks (`Rechunker`), as often as they are asked for.
 * @throws UsageError where it has other columns, and then, where a row is no transition, or no token.
 */
export function chunksOf(source: ParquetFile, options: ReadOptions): () => AsyncGenerator<Chunk> {
  const { file, layout, ignored = new Set() } = options;
  const { columns } = readerOf(options);
  const isText = layout.tokens !== undefined;
  const problem = schemaProblem(source.metadata, columns, isText ? new Set([TEXT]) : ignored, {
    ...{ like: 'qfleet replay export', row: isText ? 'a token' : 'a transition' },
  });
  if (problem !== null) throw new UsageError(`${file} ${problem}.`);
  return async function* chunks() {
    const reader = readerOf(options);
    for await (const rows of source.rows([...columns.keys()])) {
      for (let i = 0; i < rows.count; i++) {
        reader.add(rows, i);
        yield* reader.take(false);
      }
    }
    yield* reader.take(true);
  };
}
