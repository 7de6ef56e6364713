import { type Positions, rotaryFrequencies } from '../../language/transformer-shape.ts';

/** Rotates the heads of a row, as `layers/rotary.ts` does those of a batch. */
export class RowRotation {
  readonly #frequencies: Float32Array;
  readonly #headSize: number;
  readonly #cosines: Float32Array;
  readonly #sines: Float32Array;
  #position = -1;

  constructor(positions: Extract<Positions, { kind: 'rotary' }>, headSize: number) {
    this.#frequencies = rotaryFrequencies(positions);
    this.#headSize = headSize;
    this.#cosines = new Float32Array(this.#frequencies.length);
    this.#sines = new Float32Array(this.#frequencies.length);
  }

  /** @param heads [any number × headSize], rotated in place. */
  run(heads: Float32Array, position: number): void {
    const half = this.#frequencies.length;
    this.#turnTo(position);
    for (let start = 0; start < heads.length; start += this.#headSize) {
      for (let i = 0; i < half; i++) {
        const [first, second] = [heads[start + i], heads[start + half + i]];
        heads[start + i] = first * this.#cosines[i] - second * this.#sines[i];
        heads[start + half + i] = second * this.#cosines[i] + first * this.#sines[i];
      }
    }
  }

  #turnTo(position: number): void {
    if (position === this.#position) return;
    this.#position = position;
    for (const [i, frequency] of this.#frequencies.entries()) {
      const angle = Math.fround(position * frequency);
      this.#cosines[i] = Math.cos(angle);
      this.#sines[i] = Math.sin(angle);
    }
  }
}
