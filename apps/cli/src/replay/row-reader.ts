import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { columnWidth, type Layout, MASK } from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import type { ArrayColumn } from './array-column.ts';
import { CellError, finite, integer, quote, text, truth } from './cells.ts';
import { COLUMN_KINDS, type TransitionRow } from './columns.ts';
import type { RowOfArray } from './growing-array.ts';
import type { Rows } from './parquet-file.ts';
import type { ColumnKind } from './parquet-schema.ts';
import { type StoredArray, storedArrays } from './stored-arrays.ts';

const MOST_COUNT = 0xffffffff;
/** Bytes of a writer's name. */
const MOST_WRITER = 64;

type Checks = { readonly [Name in keyof TransitionRow]: (value: unknown) => TransitionRow[Name] };

const count = (value: unknown): number => integer(value, 0, MOST_COUNT);
const whole = (value: unknown): number => integer(value, 0, Number.MAX_SAFE_INTEGER);
const double = (value: unknown): number => finite(value, 'float64');

/** As an actor's steps are checked, and a chunk's fields. */
const checksOf = ({ actions }: Layout): Checks => ({
  writer: (value) => text(value, 1, MOST_WRITER),
  sequence: whole,
  slot: count,
  episode: count,
  step: count,
  action: (value) => integer(value, 0, actions - 1),
  reward: (value) => finite(value, 'float32'),
  terminated: truth,
  truncated: truth,
  priority: priorityOf,
  epsilon: double,
  weights_version: whole,
  episode_return: double,
});

function priorityOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const priority = finite(value, 'float32');
  if (priority < 0) throw new CellError(`is ${priority}, not a number from 0 up or null`);
  return priority;
}

/** Reads a file's rows as transitions. A row that is no transition is refused with file, column, row and place. */
export class RowReader {
  /** What the row that was read last has of each stored array: the observation first. */
  readonly arrays: readonly RowOfArray[];
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
    this.arrays = this.#stored.map(({ spec }) => {
      const make = () => new observationArrays[spec.dtype](columnWidth(spec));
      return { now: make(), next: make() };
    });
  }

  /** The columns that a file needs, and what they hold. */
  get columns(): ReadonlyMap<string, ColumnKind> {
    return new Map([
      ...COLUMN_KINDS,
      ...this.#stored
        .flatMap(({ columns, next }) => [...columns, ...next])
        .map(({ name, kind }) => [name, kind] as const),
    ]);
  }

  /** Row `i` of `rows`; its arrays lie in `arrays` until the next call. @throws UsageError */
  read(rows: Rows, i: number): TransitionRow {
    const cell = <Name extends keyof TransitionRow>(name: Name): TransitionRow[Name] => {
      try {
        return this.#checks[name](rows.columns[name][i]);
      } catch (error) {
        throw this.refusal(rows, i, name, error);
      }
    };
    const row: TransitionRow = {
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
    };
    if (row.terminated && row.truncated)
      throw this.refusal(rows, i, 'truncated', new CellError('is true where terminated is, too'));
    this.#stored.forEach(({ columns, next }, k) => {
      for (const column of columns) this.#decode(rows, i, column, this.arrays[k].now);
      for (const column of next) this.#decode(rows, i, column, this.arrays[k].next);
    });
    if (this.#mask >= 0 && this.arrays[this.#mask].now[row.action] === 0)
      throw this.refusal(
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
      throw this.refusal(rows, i, column.name, error);
    }
  }

  /** What to throw for a CellError in a column of row `i` of `rows`; any other error is returned as it is. */
  refusal(rows: Rows, i: number, column: string, error: unknown): unknown {
    if (!(error instanceof CellError)) return error;
    const { writer, sequence, step } = rows.columns;
    const of = `counted from 0; writer ${quote(writer[i])}, sequence ${quote(sequence[i])}, step ${quote(step[i])}`;
    return new UsageError(
      `${this.#file}: column ${error.column ?? column} of row ${rows.first + i} (${of}) ${error.message}: ` +
        `${this.#consequence}; mend that row or leave it out.`,
    );
  }
}
