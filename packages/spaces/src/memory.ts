import { type ColumnSpec, type ColumnValues, columnWidth } from './columns.ts';
import { type ObservationArray, observationArrays } from './spaces.ts';

/** What a policy remembers of some rows from step to step, in columns: zeros where an episode begins. */
export class Memory {
  /** By the columns' names, [rows, …shape]: as it was before the rows' states were seen. */
  readonly values: ColumnValues;
  readonly #columns: readonly ColumnSpec[];
  readonly #arrays: readonly ObservationArray[];

  /** @param values the memory's arrays; left out: new ones, of zeros. */
  constructor(columns: readonly ColumnSpec[], rows: number, values?: ColumnValues) {
    this.#columns = columns;
    this.#arrays = columns.map(
      (column) => values?.[column.name] ?? new observationArrays[column.dtype](rows * columnWidth(column)),
    );
    this.values = Object.fromEntries(columns.map(({ name }, i) => [name, this.#arrays[i]]));
  }

  /** One row of it, on the same arrays. */
  row(index: number): Memory {
    const values = this.#columns.map((column, i): [string, ObservationArray] => {
      const width = columnWidth(column);
      return [column.name, this.#arrays[i].subarray(index * width, (index + 1) * width)];
    });
    return new Memory(this.#columns, 1, Object.fromEntries(values));
  }

  /** Forgets: an episode begins. */
  clear(): void {
    for (const values of this.#arrays) values.fill(0);
  }

  /** Takes over what another memory of the same columns, and of as many rows, holds. */
  set(from: Memory): void {
    this.#arrays.forEach((values, i) => {
      values.set(from.#arrays[i]);
    });
  }
}
