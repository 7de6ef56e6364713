import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { type Chunk, columnWidth, type Layout, MASK } from '@qfleet/replay';
import type { ArrayColumn } from './array-column.ts';
import { CellError, finite, integer, truth } from './cells.ts';
import { type ChunkReader, countCell, refusal, wholeCell, writerCell } from './chunk-reader.ts';
import { COLUMN_KINDS, type TransitionRow } from './columns.ts';
import type { RowOfArray } from './growing-array.ts';
import { GrowingSteps, type StepRow } from './growing-steps.ts';
import type { Rows } from './parquet-file.ts';
import type { ColumnKind } from './parquet-schema.ts';
import { Rechunker } from './rechunk.ts';
import { type StoredArray, storedArrays } from './stored-arrays.ts';

type Checks = { readonly [Name in keyof TransitionRow]: (value: unknown) => TransitionRow[Name] };

const double = (value: unknown): number => finite(value, 'float64');

/** As an actor's steps are checked, and a chunk's fields. */
const checksOf = ({ actions }: Layout): Checks => ({
  writer: writerCell,
  sequence: wholeCell,
  slot: countCell,
  episode: countCell,
  step: countCell,
  action: (value) => integer(value, 0, actions - 1),
  reward: (value) => finite(value, 'float32'),
  terminated: truth,
  truncated: truth,
  priority: priorityOf,
  epsilon: double,
  weights_version: wholeCell,
  episode_return: double,
});

function priorityOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const priority = finite(value, 'float32');
  if (priority < 0) throw new CellError(`is ${priority}, not a number from 0 up or null`);
  return priority;
}

/** Reads rows that are transitions, and makes chunks of them. */
export class RowReader implements ChunkReader {
  /** What the row that was read last has of each stored array: the observation first. */
  readonly #arrays: readonly RowOfArray[];
  readonly #rechunker: Rechunker<StepRow>;
  readonly #file: string;
  readonly #consequence: string;
  readonly #checks: Checks;
  readonly #stored: readonly StoredArray[];
  /** The place of the mask among the arrays; −1: there is none. */
  readonly #mask: number;

  /** @param consequence what comes of a row that is refused, as a part of a sentence. */
  constructor(file: string, layout: Layout, consequence: string) {
    this.#file = file;
    this.#consequence = consequence;
    this.#checks = checksOf(layout);
    this.#stored = storedArrays(layout);
    this.#mask = this.#stored.findIndex(({ spec }) => spec.name === MASK);
    this.#arrays = this.#stored.map(({ spec }) => {
      const make = () => new observationArrays[spec.dtype](columnWidth(spec));
      return { now: make(), next: make() };
    });
    this.#rechunker = new Rechunker((row) => new GrowingSteps(layout, row));
  }

  get columns(): ReadonlyMap<string, ColumnKind> {
    return new Map([
      ...COLUMN_KINDS,
      ...this.#stored
        .flatMap(({ columns, next }) => [...columns, ...next])
        .map(({ name, kind }) => [name, kind] as const),
    ]);
  }

  add(rows: Rows, i: number): void {
    const row = this.#read(rows, i);
    try {
      this.#rechunker.add(row);
    } catch (error) {
      throw this.#refusal(rows, i, 'observation', error);
    }
  }

  take(all: boolean): Generator<Chunk> {
    return this.#rechunker.take(all);
  }

  /** Row `i` of `rows`; its arrays lie in `#arrays` until the next call. @throws UsageError */
  #read(rows: Rows, i: number): StepRow {
    const cell = <Name extends keyof TransitionRow>(name: Name): TransitionRow[Name] => {
      try {
        return this.#checks[name](rows.columns[name][i]);
      } catch (error) {
        throw this.#refusal(rows, i, name, error);
      }
    };
    const row: StepRow = {
      writer: cell('writer'),
      sequence: cell('sequence'),
      slot: cell('slot'),
      episode: cell('episode'),
      step: cell('step'),
      action: cell('action'),
      reward: cell('reward'),
      terminated: cell('terminated'),
      truncated: cell('truncated'),
      priority: cell('priority'),
      epsilon: cell('epsilon'),
      weights_version: cell('weights_version'),
      episode_return: cell('episode_return'),
      arrays: this.#arrays,
    };
    if (row.terminated && row.truncated)
      throw this.#refusal(rows, i, 'truncated', new CellError('is true where terminated is, too'));
    this.#stored.forEach(({ columns, next }, k) => {
      for (const column of columns) this.#decode(rows, i, column, this.#arrays[k].now);
      for (const column of next) this.#decode(rows, i, column, this.#arrays[k].next);
    });
    if (this.#mask >= 0 && this.#arrays[this.#mask].now[row.action] === 0)
      throw this.#refusal(
        rows,
        i,
        MASK,
        new CellError(`does not allow action ${row.action}, which was taken`),
      );
    return row;
  }

  #decode(rows: Rows, i: number, column: ArrayColumn, into: ObservationArray): void {
    try {
      column.decode(rows.columns[column.name][i], into, 0);
    } catch (error) {
      throw this.#refusal(rows, i, column.name, error);
    }
  }

  #refusal(rows: Rows, i: number, column: string, error: unknown): unknown {
    return refusal({ file: this.#file, consequence: this.#consequence, rows, i, column, error });
  }
}
