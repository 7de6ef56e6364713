// The fields that all of Seaquest's swimmers have.
export const X = 0;
export const Y = 1;
/** 1 is right, −1 left. */
export const DIRECTION = 2;

/**
 * A part of a game's state: a list of things of the same integer fields, in the order in which they came. As it may with
 * a list of Python, one may go while they are walked from the last on. A state begins at `s[at]`.
 */
export class Swimmers {
  /** Where the part that follows begins. */
  readonly end: number;
  readonly #start: number;
  readonly #width: number;
  readonly #capacity: number;

  /**
   * @param start where the list begins in a state: its length, then its fields.
   * @param width fields of each.
   * @param capacity more of them than the rules ever let there be.
   */
  constructor(start: number, width: number, capacity: number) {
    this.#start = start;
    this.#width = width;
    this.#capacity = capacity;
    this.end = start + 1 + width * capacity;
  }

  count(s: Int32Array, at: number): number {
    return s[at + this.#start];
  }

  clear(s: Int32Array, at: number): void {
    s[at + this.#start] = 0;
  }

  get(s: Int32Array, at: number, index: number, field: number): number {
    return s[at + this.#start + 1 + index * this.#width + field];
  }

  set(s: Int32Array, at: number, index: number, field: number, value: number): void {
    s[at + this.#start + 1 + index * this.#width + field] = value;
  }

  /**
   * Adds one, whose further fields are to be set, and returns its index.
   * @throws RangeError beyond the capacity.
   */
  add(s: Int32Array, at: number, x: number, y: number, direction: number): number {
    const index = s[at + this.#start];
    if (index === this.#capacity) throw new RangeError(`There is no room for more than ${index} swimmers.`);
    s[at + this.#start]++;
    this.set(s, at, index, X, x);
    this.set(s, at, index, Y, y);
    this.set(s, at, index, DIRECTION, direction);
    return index;
  }

  /** Moves one by a cell; returns its column then. */
  move(s: Int32Array, at: number, index: number): number {
    const x = this.get(s, at, index, X) + this.get(s, at, index, DIRECTION);
    this.set(s, at, index, X, x);
    return x;
  }

  isAt(s: Int32Array, at: number, index: number, x: number, y: number): boolean {
    return this.get(s, at, index, X) === x && this.get(s, at, index, Y) === y;
  }

  /** Removes the first on a cell; returns whether there was one. */
  removeAt(s: Int32Array, at: number, x: number, y: number): boolean {
    const count = this.count(s, at);
    for (let index = 0; index < count; index++) {
      if (!this.isAt(s, at, index, x, y)) continue;
      this.#remove(s, at, index);
      return true;
    }
    return false;
  }

  /**
   * Removes the first whose fields equal those of the one at `index`, as Python's `list.remove` does.
   *
   * @returns where the one at `index` is after that: −1 if it went itself.
   */
  removeEqual(s: Int32Array, at: number, index: number): number {
    let first = 0;
    while (!this.#equal(s, at, first, index)) first++;
    this.#remove(s, at, first);
    return first === index ? -1 : index - 1;
  }

  #remove(s: Int32Array, at: number, index: number): void {
    const width = this.#width;
    const fields = at + this.#start + 1;
    const count = --s[at + this.#start];
    s.copyWithin(fields + index * width, fields + (index + 1) * width, fields + (count + 1) * width);
  }

  #equal(s: Int32Array, at: number, a: number, b: number): boolean {
    for (let field = 0; field < this.#width; field++) {
      if (this.get(s, at, a, field) !== this.get(s, at, b, field)) return false;
    }
    return true;
  }
}
