import type { Chunk, Layout } from '@qfleet/replay';
import type { TransitionRow } from './columns.ts';
import { GrowingArray, type RowOfArray } from './growing-array.ts';
import { storedArrays } from './stored-arrays.ts';

/** Bytes of chunks that may still grow. Beyond, the one that has not grown for the longest is complete. */
const OPEN_BYTES = 64 << 20;
/** The most steps of a chunk that an actor makes (`replay.chunkLength`). */
const MOST_STEPS = 4096;

/**
 * Makes chunks of rows: each of the rows of one writer and sequence whose steps follow one another, wherever they lie
 * in the file. A new chunk also begins where an episode ends, and where what rows say of their whole chunk changes. An
 * exported file gives the chunks that it was made of, in their order.
 */
export class Rechunker {
  readonly #layout: Layout;
  /** By writer and sequence: the chunk that the next row of theirs may go on with. */
  readonly #latest = new Map<string, GrowingChunk>();
  /** All chunks that may still grow, in the order in which they last grew. */
  readonly #open = new Set<GrowingChunk>();
  #last: GrowingChunk | null = null;
  #bytes = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * Adds a row, which is copied, with what it has of each stored array.
   * @throws CellError, of the array's column, where its state is not the one that the row before it in its chunk led to.
   */
  add(row: TransitionRow, arrays: readonly RowOfArray[]): void {
    const key = `${row.sequence} ${row.writer}`;
    let chunk = this.#latest.get(key);
    if (chunk?.isFollowedBy(row, arrays)) {
      chunk.checkState(arrays);
      this.#bytes -= chunk.bytes;
    } else {
      chunk = new GrowingChunk(this.#layout, row, arrays);
      this.#latest.set(key, chunk);
    }
    chunk.push(row, arrays);
    this.#bytes += chunk.bytes;
    if (chunk === this.#last) return;
    this.#open.delete(chunk);
    this.#open.add(chunk);
    this.#last = chunk;
  }

  /** Takes out the chunks that are complete: with `all`, every one. */
  *take(all: boolean): Generator<Chunk> {
    for (const chunk of this.#open) {
      if (!all && this.#bytes <= OPEN_BYTES) return;
      this.#open.delete(chunk);
      this.#bytes -= chunk.bytes;
      if (this.#latest.get(chunk.key) === chunk) this.#latest.delete(chunk.key);
      if (this.#last === chunk) this.#last = null;
      yield chunk.toChunk();
    }
  }
}

/** The consecutive steps of a chunk so far. */
class GrowingChunk {
  readonly key: string;
  readonly #layout: Layout;
  readonly #first: TransitionRow;
  #last: TransitionRow;
  readonly #actions: number[] = [];
  readonly #rewards: number[] = [];
  readonly #priorities: (number | null)[] = [];
  /** The observations first. */
  readonly #arrays: readonly GrowingArray[];

  constructor(layout: Layout, first: TransitionRow, arrays: readonly RowOfArray[]) {
    this.key = `${first.sequence} ${first.writer}`;
    this.#layout = layout;
    this.#first = first;
    this.#last = first;
    this.#arrays = storedArrays(layout).map((array, i) => new GrowingArray(array, arrays[i]));
  }

  get bytes(): number {
    return this.#arrays.reduce((sum, { bytes }) => sum + bytes, 24 * this.#actions.length);
  }

  isFollowedBy(row: TransitionRow, arrays: readonly RowOfArray[]): boolean {
    const last = this.#last;
    return (
      row.step === last.step + 1 &&
      row.slot === last.slot &&
      row.episode === last.episode &&
      row.epsilon === last.epsilon &&
      row.weights_version === last.weights_version &&
      row.episode_return === last.episode_return &&
      (row.priority === null) === (last.priority === null) &&
      !last.terminated &&
      !last.truncated &&
      this.#actions.length < MOST_STEPS &&
      this.#arrays.every((array, i) => array.agrees(arrays[i]))
    );
  }

  /** @throws CellError where the row's state is not the one that this chunk's last step led to. */
  checkState(arrays: readonly RowOfArray[]): void {
    this.#arrays.forEach((array, i) => {
      array.checkState(arrays[i], this.#last.step);
    });
  }

  push(row: TransitionRow, arrays: readonly RowOfArray[]): void {
    this.#last = row;
    this.#actions.push(row.action);
    this.#rewards.push(row.reward);
    this.#priorities.push(row.priority);
    this.#arrays.forEach((array, i) => {
      array.push(arrays[i]);
    });
  }

  toChunk(): Chunk {
    const { writer, sequence, slot, episode, step, episode_return, epsilon, weights_version } = this.#first;
    const length = this.#actions.length;
    const { terminated, truncated } = this.#last;
    const [observations, ...named] = this.#arrays.map(({ values }) => values);
    const { columns } = this.#layout;
    return {
      writer,
      sequence,
      slot,
      episode,
      offset: step,
      length,
      end: terminated ? 'terminated' : truncated ? 'truncated' : 'continues',
      episodeReturn: episode_return,
      epsilon,
      weightsVersion: weights_version,
      observations,
      actions: Int32Array.from(this.#actions),
      rewards: Float32Array.from(this.#rewards),
      priorities: this.#first.priority === null ? null : Float32Array.from(this.#priorities as number[]),
      ...(columns ? { columns: Object.fromEntries(columns.map(({ name }, i) => [name, named[i]])) } : {}),
    };
  }
}
