import { type AttentionMemory, BLOCK_TOKENS } from '../attention/attention-memory.ts';

/** What a dialogue's tokens left of keys and values in each layer, in blocks of a memory. */
export class SlotCache {
  readonly #memory: AttentionMemory;
  readonly #keys: readonly number[][];
  readonly #values: readonly number[][];

  constructor(memory: AttentionMemory, layers: number) {
    this.#memory = memory;
    this.#keys = Array.from({ length: layers }, () => []);
    this.#values = Array.from({ length: layers }, () => []);
  }

  /** The blocks of a layer's keys, in the order of tokens. */
  keys(layer: number): readonly number[] {
    return this.#keys[layer];
  }

  /** The same of its values. */
  values(layer: number): readonly number[] {
    return this.#values[layer];
  }

  /** Makes room for so many tokens. */
  reserve(tokens: number): void {
    for (const blocks of [...this.#keys, ...this.#values]) {
      while (blocks.length * BLOCK_TOKENS < tokens) blocks.push(this.#memory.take());
    }
  }

  /** Writes the keys and values of the token at `position`. */
  write(layer: number, position: number, keys: Float32Array, values: Float32Array): void {
    const [block, token] = [Math.floor(position / BLOCK_TOKENS), position % BLOCK_TOKENS];
    this.#memory.write(this.#keys[layer][block], token, keys);
    this.#memory.write(this.#values[layer][block], token, values);
  }

  /** Frees its blocks. */
  clear(): void {
    for (const blocks of [...this.#keys, ...this.#values]) this.#memory.give(blocks.splice(0));
  }
}
