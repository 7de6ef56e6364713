import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { CellError } from './cells.ts';
import type { StoredArray } from './stored-arrays.ts';

/** What a row of a file holds of a stored array: `now` in its state or step, or its chunk; `next` in the state after. */
export interface RowOfArray {
  readonly now: ObservationArray;
  /** Read where the array has a row a state. */
  readonly next: ObservationArray;
}

/** A stored array of a chunk that rows are added to. */
export class GrowingArray {
  readonly #array: StoredArray;
  readonly #size: number;
  #values: ObservationArray;
  /** Rows that are there. */
  #rows = 0;

  /** @param first the row that the chunk begins with; it is added by `push`. */
  constructor(array: StoredArray, first: RowOfArray) {
    const { spec } = array;
    this.#array = array;
    this.#size = first.now.length;
    this.#values = new observationArrays[spec.dtype](2 * this.#size);
    if (spec.cadence !== 'step') this.#put(first.now);
  }

  get bytes(): number {
    return this.#values.byteLength;
  }

  /** All rows, as a chunk has them. */
  get values(): ObservationArray {
    return this.#values.subarray(0, this.#rows * this.#size);
  }

  /** Whether a row may be of this chunk: what a chunk has once is the same in all of its rows. */
  agrees({ now }: RowOfArray): boolean {
    return this.#array.spec.cadence !== 'chunk' || now.every((value, i) => value === this.#values[i]);
  }

  /**
   * Checks that a row begins in the state that the row before it led to.
   * @param step of the row before it.
   * @throws CellError, of this array's column.
   */
  checkState({ now }: RowOfArray, step: number): void {
    const { spec, nameOf } = this.#array;
    if (spec.cadence !== 'state') return;
    const at = (this.#rows - 1) * this.#size;
    for (let i = 0; i < this.#size; i++)
      if (now[i] !== this.#values[at + i])
        throw new CellError(
          `is not the next ${spec.name} of step ${step} of its chunk ` +
            `(${nameOf(i)} is ${now[i]}, not ${this.#values[at + i]})`,
          spec.name,
        );
  }

  push({ now, next }: RowOfArray): void {
    const { cadence } = this.#array.spec;
    if (cadence !== 'chunk') this.#put(cadence === 'state' ? next : now);
  }

  #put(row: ObservationArray): void {
    const at = this.#rows++ * this.#size;
    if (at + this.#size > this.#values.length) {
      const grown = new observationArrays[this.#array.spec.dtype](2 * this.#values.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values.set(row, at);
  }
}
