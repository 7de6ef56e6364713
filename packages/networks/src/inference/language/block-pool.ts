import { ModelError } from '../../language/model-error.ts';
import { BLOCK_TOKENS } from '../transformer/kernel.ts';
import type { DecoderLayout } from './decoder-layout.ts';

const PAGE_BYTES = 65_536;

/** What a WebAssembly memory can have at most. */
const MOST_PAGES = 65_536;
export const MOST_BYTES = MOST_PAGES * PAGE_BYTES;

/** Blocks of keys and values of a decoder's slots, behind all else in its memory, which grows. */
export class BlockPool {
  readonly #memory: WebAssembly.Memory;
  readonly #layout: DecoderLayout;
  readonly #layers: number;
  /** The addresses of the blocks, [slots, layers, blocks]. */
  readonly #tables: Int32Array;
  /** Blocks that each slot has, for each of its layers. */
  readonly #taken: Int32Array;
  readonly #free: number[] = [];
  #end: number;

  constructor(memory: WebAssembly.Memory, layout: DecoderLayout, slots: number, layers: number) {
    this.#memory = memory;
    this.#layout = layout;
    this.#layers = layers;
    this.#tables = new Int32Array(memory.buffer, layout.tables, slots * layers * layout.blocks);
    this.#taken = new Int32Array(slots);
    this.#end = layout.bytes;
  }

  /**
   * Makes room for so many tokens of a slot.
   *
   * @throws ModelError where it can't.
   */
  reserve(slot: number, tokens: number): void {
    while (this.#taken[slot] * BLOCK_TOKENS < tokens) {
      const block = this.#taken[slot];
      // Those of all layers or, where there is no room, of none.
      const blocks = Array.from({ length: this.#layers }, () => this.#take());
      for (const [layer, address] of blocks.entries())
        this.#tables[this.#index(slot, layer) + block] = address;
      this.#taken[slot]++;
    }
  }

  /** Frees the blocks of a slot. */
  clear(slot: number): void {
    for (let layer = 0; layer < this.#layers; layer++) {
      const start = this.#index(slot, layer);
      this.#free.push(...this.#tables.subarray(start, start + this.#taken[slot]));
    }
    this.#taken[slot] = 0;
  }

  #index(slot: number, layer: number): number {
    return (slot * this.#layers + layer) * this.#layout.blocks;
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const start = this.#end;
    const size = this.#memory.buffer.byteLength;
    const missing = Math.ceil((start + this.#layout.blockBytes - size) / PAGE_BYTES);
    // By an eighth at least, since each growth takes a while.
    if (missing > 0) this.#grow(missing, Math.max(missing, Math.ceil(size / PAGE_BYTES / 8)));
    this.#end = start + this.#layout.blockBytes;
    return start;
  }

  #grow(needed: number, wanted: number): void {
    const most = MOST_PAGES - this.#memory.buffer.byteLength / PAGE_BYTES;
    if (needed > most)
      throw new ModelError(
        'The model and the keys and values of the texts side by side take more than the 4 GiB that there is room for: take fewer texts or shorter ones.',
      );
    this.#memory.grow(Math.min(most, wanted));
  }
}

/**
 * A memory that threads may share, for a layout and for blocks.
 *
 * @throws ModelError for a layout that is larger than it can be.
 */
export function sharedMemory({ bytes }: Pick<DecoderLayout, 'bytes'>): WebAssembly.Memory {
  const initial = Math.ceil(bytes / PAGE_BYTES);
  if (initial > MOST_PAGES)
    throw new ModelError(
      `The model takes ${bytes} bytes, and what generates text has room for ${MOST_BYTES}: take a smaller one.`,
    );
  return new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared: true });
}
