import type { Tokenizer } from '@qfleet/envs';
import type { Chunk, Layout } from '@qfleet/replay';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import { columnsOf, parquetSchema } from './columns.ts';
import { Positions, tokenColumns, tokenSchema } from './tokens/token-columns.ts';

/** Makes rows of chunks: a transition each, or of a layout of texts a token. */
export interface RowWriter {
  readonly schema: SchemaElement[];
  /** What a row is, in the plural. */
  readonly rows: 'transitions' | 'tokens';
  /** The rows of chunks as columns, in the order of the schema; chunks come in the order of their store. */
  columns(chunks: readonly Chunk[]): ColumnSource[];
}

/** @param tokenizer says what tokens mean; null: that is not known, or there are none. */
export function rowWriter(layout: Layout, tokenizer: Tokenizer | null): RowWriter {
  if (layout.tokens === undefined)
    return {
      ...{ schema: parquetSchema(layout), rows: 'transitions' },
      columns: (chunks) => columnsOf(chunks, layout),
    };
  const positions = new Positions();
  const textOf = tokenizer === null ? null : (token: number) => tokenizer.decode([token]);
  return {
    ...{ schema: tokenSchema, rows: 'tokens' },
    columns: (chunks) => tokenColumns(chunks, positions, textOf),
  };
}
