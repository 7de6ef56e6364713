import type { Random } from '@qfleet/random';
import type { Prioritized } from '../prioritized.ts';
import type { DialogueUnit } from '../sample-unit.ts';
import type { SampleOptions } from '../sampler.ts';
import type { TransitionIndex } from '../transition-index.ts';
import type { DialogueAssembler } from './dialogue-assembler.ts';
import type { DialogueRows } from './dialogue-batch.ts';

/** Rows are padded to multiples of this, and longer ones to multiples of an eighth of the next power of two. */
const SHORTEST = 16;

/** Draws of chunks that are gone before sampling gives up. */
const MOST_DRAWS = 1000;

/** The length that a row of so many tokens is padded to. */
export function bucketOf(tokens: number): number {
  const step = Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(Math.max(1, tokens))) / 8);
  return step * Math.ceil(Math.max(1, tokens) / step);
}

/** How many rows of this length a batch of so many tokens has. */
export const rowsOf = (length: number, batchTokens: number): number =>
  Math.max(1, Math.floor(batchTokens / length));

/**
 * Draws chunks of texts by their priorities, and gathers those of about equal length. A batch is made as soon as there are
 * enough of one length; what was drawn beside it waits for a later one. So each is trained on as often as it was drawn,
 * whatever its length.
 */
export class DialogueSampler {
  readonly #index: TransitionIndex;
  readonly #priorities: Prioritized;
  readonly #assembler: DialogueAssembler;
  readonly #unit: DialogueUnit;
  /** Handles that were drawn, by the length of their rows. */
  readonly #waiting = new Map<number, number[]>();
  readonly #leaf = new Int32Array(1);

  constructor(
    index: TransitionIndex,
    priorities: Prioritized,
    assembler: DialogueAssembler,
    unit: DialogueUnit,
  ) {
    this.#index = index;
    this.#priorities = priorities;
    this.#assembler = assembler;
    this.#unit = unit;
  }

  /** Fills `rows`. @throws RangeError where nothing can be drawn. */
  fill(rows: DialogueRows, random: Random, { beta = 0 }: SampleOptions): void {
    let failures = 0;
    for (;;) {
      if (this.#index.size === 0 || this.#priorities.total === 0 || failures > MOST_DRAWS)
        throw new RangeError('The replay holds no dialogue to sample: its chunks are gone from the store.');
      this.#priorities.draw(this.#leaf, 1, random);
      const [leaf] = this.#leaf;
      const chunk = this.#index.chunkAt(leaf);
      if (chunk.gone || this.#priorities.get(leaf) === 0) {
        failures++;
        continue;
      }
      const length = bucketOf(this.#assembler.lengthOf(chunk));
      const waiting = (this.#waiting.get(length) ?? []).filter((handle) => this.#isThere(handle));
      waiting.push(this.#index.handleAt(leaf));
      this.#waiting.set(length, waiting);
      if (waiting.length < rowsOf(length, this.#unit.batchTokens)) continue;
      this.#waiting.delete(length);
      this.#write(rows, waiting, length, beta);
      return;
    }
  }

  #isThere(handle: number): boolean {
    return this.#index.holds(handle) && !this.#index.chunkAt(this.#index.leafOf(handle)).gone;
  }

  #write(rows: DialogueRows, handles: readonly number[], length: number, beta: number): void {
    rows.begin(handles.length, length);
    rows.handles.set(handles);
    let largest = 0;
    for (const [row, handle] of handles.entries()) {
      const leaf = this.#index.leafOf(handle);
      this.#assembler.write(rows, row, this.#index.chunkAt(leaf));
      const share = (this.#priorities.get(leaf) / this.#priorities.total) * this.#index.size;
      rows.weights[row] = share ** -beta;
      largest = Math.max(largest, rows.weights[row]);
    }
    for (let row = 0; row < rows.size; row++) rows.weights[row] /= largest;
  }
}
