/** Values dropped before the array is cut: cutting costs as much as what is left, so it is left until half is dropped. */
const FEWEST_DROPPED = 1024;

/**
 * A queue on an array, whose first value is reached and dropped at once. (A Map finds its first entry past all that
 * were deleted before it, which takes longer with each.)
 */
export class Fifo<T> {
  #values: (T | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#values.length - this.#first;
  }

  /** The i-th from the oldest. */
  at(i: number): T | undefined {
    return i < 0 ? undefined : this.#values[this.#first + i];
  }

  push(value: T): void {
    this.#values.push(value);
  }

  /** Takes the oldest out; there is one. */
  shift(): T {
    const value = this.#values[this.#first]!;
    // What was taken out may be large, and is not held until the array is cut.
    this.#values[this.#first++] = undefined;
    if (this.#first >= FEWEST_DROPPED && this.#first * 2 > this.#values.length) {
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
    return value;
  }
}
