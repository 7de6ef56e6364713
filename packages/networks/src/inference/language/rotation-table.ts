import { type Positions, rotaryFrequencies } from '../../language/transformer-shape.ts';

/** Cosines and sines by which heads are rotated, as `layers/rotary.ts` has them, of each position that has come. */
export class RotationTable {
  readonly #frequencies: Float32Array;
  /** By position: cosines, then sines. */
  readonly #known: Float32Array[] = [];

  constructor(positions: Extract<Positions, { kind: 'rotary' }>) {
    this.#frequencies = rotaryFrequencies(positions);
  }

  /** Writes those of a position as row `row` of those at two addresses. */
  write(position: number, numbers: Float32Array, cosines: number, sines: number, row: number): void {
    const half = this.#frequencies.length;
    this.#known[position] ??= this.#compute(position);
    const known = this.#known[position];
    numbers.set(known.subarray(0, half), cosines / 4 + row * half);
    numbers.set(known.subarray(half), sines / 4 + row * half);
  }

  #compute(position: number): Float32Array {
    const half = this.#frequencies.length;
    const computed = new Float32Array(2 * half);
    for (const [i, frequency] of this.#frequencies.entries()) {
      const angle = Math.fround(position * frequency);
      computed[i] = Math.cos(angle);
      computed[half + i] = Math.sin(angle);
    }
    return computed;
  }
}
