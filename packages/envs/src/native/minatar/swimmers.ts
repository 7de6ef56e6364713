// The fields that all of Seaquest's swimmers have.
export const X = 0;
export const Y = 1;
/** 1 is right, −1 left. */
export const DIRECTION = 2;

/**
 * Things of the same integer fields, in the order in which they came. As it may with a list of Python, one may go while
 * they are walked from the last on.
 */
export class Swimmers {
  #count = 0;
  #fields = new Int32Array(64);
  readonly #width: number;

  /** @param width fields of each. */
  constructor(width: number) {
    this.#width = width;
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  get(index: number, field: number): number {
    return this.#fields[index * this.#width + field];
  }

  set(index: number, field: number, value: number): void {
    this.#fields[index * this.#width + field] = value;
  }

  /** Adds one, whose further fields are to be set, and returns its index. */
  add(x: number, y: number, direction: number): number {
    const index = this.#count++;
    if (this.#count * this.#width > this.#fields.length) {
      const fields = new Int32Array(this.#fields.length * 2);
      fields.set(this.#fields);
      this.#fields = fields;
    }
    this.set(index, X, x);
    this.set(index, Y, y);
    this.set(index, DIRECTION, direction);
    return index;
  }

  /** Moves one by a cell; returns its column then. */
  move(index: number): number {
    const x = this.get(index, X) + this.get(index, DIRECTION);
    this.set(index, X, x);
    return x;
  }

  isAt(index: number, x: number, y: number): boolean {
    return this.get(index, X) === x && this.get(index, Y) === y;
  }

  /** Removes the first on a cell; returns whether there was one. */
  removeAt(x: number, y: number): boolean {
    for (let index = 0; index < this.#count; index++) {
      if (!this.isAt(index, x, y)) continue;
      this.#remove(index);
      return true;
    }
    return false;
  }

  /**
   * Removes the first whose fields equal those of the one at `index`, as Python's `list.remove` does.
   *
   * @returns where the one at `index` is after that: −1 if it went itself.
   */
  removeEqual(index: number): number {
    let first = 0;
    while (!this.#equal(first, index)) first++;
    this.#remove(first);
    return first === index ? -1 : index - 1;
  }

  #remove(index: number): void {
    const width = this.#width;
    this.#fields.copyWithin(index * width, (index + 1) * width, this.#count * width);
    this.#count--;
  }

  #equal(a: number, b: number): boolean {
    for (let field = 0; field < this.#width; field++) {
      if (this.get(a, field) !== this.get(b, field)) return false;
    }
    return true;
  }
}
