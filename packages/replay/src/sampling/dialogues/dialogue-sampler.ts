import type { Random } from '@qfleet/random';
import type { Prioritized } from '../prioritized.ts';
import type { DialogueUnit } from '../sample-unit.ts';
import type { SampleOptions } from '../sampler.ts';
import type { ChunkRecord, TransitionIndex } from '../transition-index.ts';
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

/** A chunk of texts that was drawn, and is in no batch yet. */
export type DrawnChunk = Pick<ChunkRecord, 'writer' | 'slot' | 'episode' | 'offset'>;

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
  /** Those that an earlier sampler had drawn; null: they are among those that wait. */
  #earlier: readonly DrawnChunk[] | null;
  readonly #leaf = new Int32Array(1);

  /** @param earlier what `drawn` of a sampler was from which this one goes on; chunks that are not there any more are left out. */
  constructor(
    index: TransitionIndex,
    priorities: Prioritized,
    assembler: DialogueAssembler,
    unit: DialogueUnit,
    earlier: readonly DrawnChunk[] = [],
  ) {
    this.#index = index;
    this.#priorities = priorities;
    this.#assembler = assembler;
    this.#unit = unit;
    this.#earlier = earlier;
  }

  /** The chunks that were drawn and wait for a batch, in the order of their draws for each length. */
  get drawn(): DrawnChunk[] {
    if (this.#earlier !== null) return [...this.#earlier];
    return [...this.#waiting.values()]
      .flat()
      .filter((handle) => this.#isThere(handle))
      .map((handle) => {
        const { writer, slot, episode, offset } = this.#index.chunkAt(this.#index.leafOf(handle));
        return { writer, slot, episode, offset };
      });
  }

  /** Fills `rows`. @throws RangeError where nothing can be drawn. */
  fill(rows: DialogueRows, random: Random, { beta = 0 }: SampleOptions): void {
    this.#takeUpEarlier();
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
      const length = this.#wait(chunk, leaf);
      const waiting = this.#waiting.get(length)!;
      const rowsNow = rowsOf(length, this.#unit.batchTokens);
      if (waiting.length < rowsNow) continue;
      this.#waiting.set(length, waiting.slice(rowsNow));
      this.#write(rows, waiting.slice(0, rowsNow), length, beta);
      return;
    }
  }

  /** Has a chunk that was drawn wait for others of its length, which is returned. */
  #wait(chunk: ChunkRecord, leaf: number): number {
    const length = bucketOf(this.#assembler.lengthOf(chunk));
    const waiting = (this.#waiting.get(length) ?? []).filter((handle) => this.#isThere(handle));
    waiting.push(this.#index.handleAt(leaf));
    this.#waiting.set(length, waiting);
    return length;
  }

  #takeUpEarlier(): void {
    const earlier = this.#earlier ?? [];
    this.#earlier = null;
    if (earlier.length === 0) return;
    const wanted = new Set(earlier.map(nameOf));
    const found = new Map<string, ChunkRecord>();
    for (let i = 0; i < this.#index.size; ) {
      const chunk = this.#index.chunkAt(this.#index.leafOf(this.#index.handle(i)));
      if (wanted.has(nameOf(chunk)) && !chunk.gone) found.set(nameOf(chunk), chunk);
      i += chunk.length;
    }
    for (const each of earlier) {
      const chunk = found.get(nameOf(each));
      if (chunk !== undefined) this.#wait(chunk, chunk.start);
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

const nameOf = ({ writer, slot, episode, offset }: DrawnChunk): string =>
  `${slot} ${episode} ${offset} ${writer}`;
