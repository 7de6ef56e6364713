import type { TokenSteps } from '../inference/language/decoder.ts';

/** Tokens for a decoder's next call, in columns that are made once and grow. */
export class TokenQueue implements TokenSteps {
  count = 0;
  slots = new Int32Array(64);
  tokens = new Int32Array(64);
  positions = new Int32Array(64);
  wanted = new Uint8Array(64);

  clear(): void {
    this.count = 0;
  }

  add(slot: number, token: number, position: number, isWanted: boolean): void {
    if (this.count === this.slots.length) this.#grow();
    this.slots[this.count] = slot;
    this.tokens[this.count] = token;
    this.positions[this.count] = position;
    this.wanted[this.count++] = Number(isWanted);
  }

  #grow(): void {
    const size = 2 * this.count;
    const longer = (column: Int32Array<ArrayBuffer>) => {
      const grown = new Int32Array(size);
      grown.set(column);
      return grown;
    };
    this.slots = longer(this.slots);
    this.tokens = longer(this.tokens);
    this.positions = longer(this.positions);
    const wanted = new Uint8Array(size);
    wanted.set(this.wanted);
    this.wanted = wanted;
  }
}
