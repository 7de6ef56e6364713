import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { type ColumnSpec, type ColumnValues, columnRows, columnWidth } from './columns.ts';

/** A named column of the chunk that is being built. */
export class ColumnRows {
  readonly name: string;
  readonly #column: ColumnSpec;
  readonly #width: number;
  /** A step `t` writes row `t · stride + first`. */
  readonly #stride: number;
  readonly #first: number;
  readonly #values: ObservationArray;

  /** @param length steps of a chunk, at most. */
  constructor(column: ColumnSpec, length: number) {
    const { name, dtype, cadence } = column;
    this.name = name;
    this.#column = column;
    this.#width = columnWidth(column);
    this.#stride = cadence === 'chunk' ? 0 : 1;
    this.#first = cadence === 'step' ? 0 : 1;
    // A column with one row a chunk: the next chunk's row is kept too.
    const rows = cadence === 'chunk' ? 2 : columnRows(column, length);
    this.#values = new observationArrays[dtype](rows * this.#width);
  }

  /** Takes the row of an episode's first state; a step has none there. */
  begin(columns: ColumnValues): void {
    if (this.#first > 0) this.#put(0, columns);
  }

  /** Takes the row of step `t`, or of the state after it. */
  push(t: number, columns: ColumnValues): void {
    this.#put(t * this.#stride + this.#first, columns);
  }

  /** The rows of a chunk of the first `length` steps; a view. */
  of(length: number): ObservationArray {
    return this.#values.subarray(0, columnRows(this.#column, length) * this.#width);
  }

  /** Goes on behind a chunk of `length` steps: its last state is the next chunk's first. */
  advance(length: number): void {
    if (this.#first === 0) return;
    const last = (length - 1) * this.#stride + this.#first;
    this.#values.copyWithin(0, last * this.#width, (last + 1) * this.#width);
  }

  #put(row: number, columns: ColumnValues): void {
    const values = columns[this.name];
    const width = this.#width;
    if (values?.length !== width) {
      throw new RangeError(
        `A row of column ${this.name} has ${width} elements, not ${values?.length ?? 0}: it is part of the layout.`,
      );
    }
    const target = this.#values;
    const start = row * width;
    for (let i = 0; i < width; i++) target[start + i] = values[i];
  }
}
