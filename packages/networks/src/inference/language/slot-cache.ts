/** The least tokens that a slot makes room for. */
const LEAST = 64;

/** What a dialogue's tokens left of keys and values in each layer; its room grows with them. */
export class SlotCache {
  readonly #width: number;
  #room = 0;
  #keys: Float32Array[];
  #values: Float32Array[];

  /** @param width numbers of the keys of a token, and of its values. */
  constructor(layers: number, width: number) {
    this.#width = width;
    this.#keys = Array.from({ length: layers }, () => new Float32Array(0));
    this.#values = Array.from({ length: layers }, () => new Float32Array(0));
  }

  /** [tokens, width]. */
  keys(layer: number): Float32Array {
    return this.#keys[layer];
  }

  /** [tokens, width]. */
  values(layer: number): Float32Array {
    return this.#values[layer];
  }

  /** Makes room for so many tokens. */
  reserve(tokens: number): void {
    if (tokens <= this.#room) return;
    this.#room = Math.max(LEAST, this.#room * 2, tokens);
    const grown = (before: Float32Array) => {
      const larger = new Float32Array(this.#room * this.#width);
      larger.set(before);
      return larger;
    };
    this.#keys = this.#keys.map(grown);
    this.#values = this.#values.map(grown);
  }

  /** Writes the keys and values of the token at `position`. */
  write(layer: number, position: number, keys: Float32Array, values: Float32Array): void {
    this.#keys[layer].set(keys, position * this.#width);
    this.#values[layer].set(values, position * this.#width);
  }

  /** Frees its room. */
  clear(): void {
    this.#room = 0;
    this.#keys = this.#keys.map(() => new Float32Array(0));
    this.#values = this.#values.map(() => new Float32Array(0));
  }
}
