import { Lane, type LaneOptions } from './lane.ts';

/** A straight lane from one point to another. */
export class StraightLane extends Lane {
  readonly length: number;
  readonly heading: number;
  readonly #x: number;
  readonly #y: number;
  readonly #cos: number;
  readonly #sin: number;

  constructor(start: readonly [number, number], end: readonly [number, number], options: LaneOptions = {}) {
    super(options);
    const dx = end[0] - start[0];
    const dy = end[1] - start[1];
    [this.#x, this.#y] = start;
    this.length = Math.sqrt(dx * dx + dy * dy);
    this.heading = Math.atan2(dy, dx);
    this.#cos = dx / this.length;
    this.#sin = dy / this.length;
  }

  along(x: number, y: number): number {
    return (x - this.#x) * this.#cos + (y - this.#y) * this.#sin;
  }

  lateral(x: number, y: number, _s: number): number {
    return (y - this.#y) * this.#cos - (x - this.#x) * this.#sin;
  }

  headingAt(_s: number): number {
    return this.heading;
  }

  xAt(s: number, lateral: number): number {
    return this.#x + s * this.#cos - lateral * this.#sin;
  }

  yAt(s: number, lateral: number): number {
    return this.#y + s * this.#sin + lateral * this.#cos;
  }
}
