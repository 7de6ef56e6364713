import { elementName, type ObservationArray, observationArrays } from '@qfleet/envs';
import { type Chunk, type Layout, observationSize } from '@qfleet/replay';
import { CellError } from './cells.ts';
import type { TransitionRow } from './columns.ts';

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
   * Adds a row, which is copied.
   * @throws CellError, of its observation, where that is not the one that the row before it in its chunk led to.
   */
  add(row: TransitionRow, observation: ObservationArray, next: ObservationArray): void {
    const key = `${row.sequence} ${row.writer}`;
    let chunk = this.#latest.get(key);
    if (chunk?.isFollowedBy(row)) {
      chunk.checkObservation(observation);
      this.#bytes -= chunk.bytes;
    } else {
      chunk = new GrowingChunk(this.#layout, row, observation);
      this.#latest.set(key, chunk);
    }
    chunk.push(row, next);
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
  readonly #size: number;
  readonly #first: TransitionRow;
  #last: TransitionRow;
  readonly #actions: number[] = [];
  readonly #rewards: number[] = [];
  readonly #priorities: (number | null)[] = [];
  #observations: ObservationArray;

  constructor(layout: Layout, first: TransitionRow, observation: ObservationArray) {
    this.key = `${first.sequence} ${first.writer}`;
    this.#layout = layout;
    this.#size = observationSize(layout);
    this.#first = first;
    this.#last = first;
    this.#observations = new observationArrays[layout.observationDType](2 * this.#size);
    this.#observations.set(observation);
  }

  get bytes(): number {
    return this.#observations.byteLength + 24 * this.#actions.length;
  }

  isFollowedBy(row: TransitionRow): boolean {
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
      this.#actions.length < MOST_STEPS
    );
  }

  /** @throws CellError where the observation is not the one that this chunk's last step led to. */
  checkObservation(observation: ObservationArray): void {
    const at = this.#actions.length * this.#size;
    for (let i = 0; i < this.#size; i++)
      if (observation[i] !== this.#observations[at + i])
        throw new CellError(
          `is not the next observation of step ${this.#last.step} of its chunk ` +
            `(${elementName(i, this.#layout.observationParts)} is ${observation[i]}, not ${this.#observations[at + i]})`,
        );
  }

  push(row: TransitionRow, next: ObservationArray): void {
    this.#last = row;
    this.#actions.push(row.action);
    this.#rewards.push(row.reward);
    this.#priorities.push(row.priority);
    const at = this.#actions.length * this.#size;
    if (at === this.#observations.length) {
      const grown = new observationArrays[this.#layout.observationDType](2 * at);
      grown.set(this.#observations);
      this.#observations = grown;
    }
    this.#observations.set(next, at);
  }

  toChunk(): Chunk {
    const { writer, sequence, slot, episode, step, episode_return, epsilon, weights_version } = this.#first;
    const length = this.#actions.length;
    const { terminated, truncated } = this.#last;
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
      observations: this.#observations.subarray(0, (length + 1) * this.#size),
      actions: Int32Array.from(this.#actions),
      rewards: Float32Array.from(this.#rewards),
      priorities: this.#first.priority === null ? null : Float32Array.from(this.#priorities as number[]),
    };
  }
}
