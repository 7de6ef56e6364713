import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { type ColumnSpec, type ColumnValues, columnRows, columnWidth } from './columns.ts';

/** A named column of the chunk that is being built. */
export class ColumnRows {
  readonly #column: ColumnSpec;
  readonly #width: number;
  readonly #values: ObservationArray;

  /** @param length steps of a chunk, at most. */
  constructor(column: ColumnSpec, length: number) {
    this.#column = column;
    this.#width = columnWidth(column);
    // Of what a chunk has once, the next chunk's is kept too.
    const rows = column.cadence === 'chunk' ? 2 : columnRows(column, length);
    this.#values = new observationArrays[column.dtype](rows * this.#width);
  }

  get name(): string {
    return this.#column.name;
  }

  /** Takes the row of an episode's first state; a step has none there. */
  begin(columns: ColumnValues): void {
    if (this.#column.cadence !== 'step') this.#put(0, columns);
  }

  /** Takes the row of step `t`, or of the state after it. */
  push(t: number, columns: ColumnValues): void {
    const { cadence } = this.#column;
    this.#put(cadence === 'step' ? t : cadence === 'state' ? t + 1 : 1, columns);
  }

  /** The rows of a chunk of the first `length` steps; a view. */
  of(length: number): ObservationArray {
    return this.#values.subarray(0, columnRows(this.#column, length) * this.#width);
  }

  /** Goes on behind a chunk of `length` steps: its last state is the next chunk's first. */
  advance(length: number): void {
    const { cadence } = this.#column;
    if (cadence === 'step') return;
    const last = cadence === 'state' ? length : 1;
    this.#values.copyWithin(0, last * this.#width, (last + 1) * this.#width);
  }

  #put(row: number, columns: ColumnValues): void {
    const values = columns[this.#column.name];
    if (values?.length !== this.#width) {
      throw new RangeError(
        `A row of column ${this.name} has ${this.#width} elements, not ${values?.length ?? 0}: it is part of the layout.`,
      );
    }
    for (let i = 0; i < this.#width; i++) this.#values[row * this.#width + i] = values[i];
  }
}
