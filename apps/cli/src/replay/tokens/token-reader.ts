import { type Chunk, ChunkError, encodeChunk, type Layout } from '@qfleet/replay';
import { UsageError } from '../../errors.ts';
import { CellError, finite, integer, quote, truth } from '../cells.ts';
import { type ChunkReader, countCell, refusal, wholeCell, writerCell } from '../chunk-reader.ts';
import type { Rows } from '../parquet-file.ts';
import { Rechunker } from '../rechunk.ts';
import { GrowingTokens } from './growing-tokens.ts';
import { TOKEN_COLUMN_KINDS, type TokenRow } from './token-columns.ts';

type Checks = { readonly [Name in keyof TokenRow]: (value: unknown) => TokenRow[Name] };

const checksOf = (vocabulary: number): Checks => ({
  writer: writerCell,
  sequence: wholeCell,
  slot: countCell,
  episode: countCell,
  step: countCell,
  position: countCell,
  token: (value) => integer(value, 0, vocabulary - 1),
  who: whoCell,
  begins: truth,
  reward: (value) => (value === null || value === undefined ? null : finite(value, 'float32')),
  terminated: truth,
  truncated: truth,
  epsilon: (value) => finite(value, 'float64'),
  weights_version: wholeCell,
  episode_return: (value) => finite(value, 'float64'),
});

function whoCell(value: unknown): TokenRow['who'] {
  if (value !== 'agent' && value !== 'environment')
    throw new CellError(`is ${quote(value)}, not "agent" or "environment"`);
  return value;
}

/** Reads rows that are tokens, and makes chunks of them. */
export class TokenReader implements ChunkReader {
  readonly columns = TOKEN_COLUMN_KINDS;
  readonly #file: string;
  readonly #layout: Layout;
  readonly #consequence: string;
  readonly #checks: readonly (readonly [name: string, check: (value: unknown) => unknown])[];
  readonly #rechunker: Rechunker<TokenRow>;

  constructor(file: string, layout: Layout, consequence: string) {
    this.#file = file;
    this.#layout = layout;
    this.#consequence = consequence;
    this.#checks = Object.entries(checksOf(layout.tokens!.vocabulary));
    this.#rechunker = new Rechunker((row) => new GrowingTokens(layout.tokens!, row));
  }

  add(rows: Rows, i: number): void {
    this.#rechunker.add(this.#read(rows, i));
  }

  *take(all: boolean): Generator<Chunk> {
    for (const chunk of this.#rechunker.take(all)) {
      this.#check(chunk);
      yield chunk;
    }
  }

  #read(rows: Rows, i: number): TokenRow {
    const refuse = (column: string, error: unknown) =>
      refusal({ file: this.#file, consequence: this.#consequence, rows, i, column, error });
    const cells = this.#checks.map(([name, check]) => {
      try {
        return [name, check(rows.columns[name][i])];
      } catch (error) {
        throw refuse(name, error);
      }
    });
    const row = Object.fromEntries(cells) as TokenRow;
    if (row.terminated && row.truncated)
      throw refuse('truncated', new CellError('is true where terminated is, too'));
    const isOwn = row.who === 'agent';
    if (isOwn !== (row.reward !== null))
      throw refuse(
        'reward',
        new CellError(
          isOwn ? "is null at an agent's token" : `is ${row.reward} at a token of the environment`,
        ),
      );
    return row;
  }

  /** @throws UsageError for rows that are tokens each, and no dialogue together. */
  #check(chunk: Chunk): void {
    try {
      encodeChunk(chunk, this.#layout);
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      const { writer, sequence } = chunk;
      throw new UsageError(
        `${this.#file}: the rows of writer ${quote(writer)}, sequence ${sequence}, are no part of a dialogue. ${error.message} ` +
          `So ${this.#consequence}; mend those rows or leave them out.`,
      );
    }
  }
}
