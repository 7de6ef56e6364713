import type { Chunk, Layout } from '@qfleet/replay';
import type { TransitionRow } from './columns.ts';
import { GrowingArray, type RowOfArray } from './growing-array.ts';
import type { Growing } from './rechunk.ts';
import { storedArrays } from './stored-arrays.ts';

/** The most steps of a chunk that an actor makes (`replay.chunkLength`). */
const MOST_STEPS = 4096;

/** A transition, with what it has of each stored array: the observation first. */
export interface StepRow extends TransitionRow {
  readonly arrays: readonly RowOfArray[];
}

/** The consecutive steps of a chunk so far. */
export class GrowingSteps implements Growing<StepRow> {
  readonly #layout: Layout;
  readonly #first: TransitionRow;
  #last: TransitionRow;
  readonly #actions: number[] = [];
  readonly #rewards: number[] = [];
  readonly #priorities: (number | null)[] = [];
  /** The observations first. */
  readonly #arrays: readonly GrowingArray[];

  constructor(layout: Layout, first: StepRow) {
    this.#layout = layout;
    this.#first = first;
    this.#last = first;
    this.#arrays = storedArrays(layout).map((array, i) => new GrowingArray(array, first.arrays[i]));
  }

  get bytes(): number {
    return this.#arrays.reduce((sum, { bytes }) => sum + bytes, 24 * this.#actions.length);
  }

  isFollowedBy(row: StepRow): boolean {
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
      this.#arrays.every((array, i) => array.agrees(row.arrays[i]))
    );
  }

  /** @throws CellError, of the array's column, where the row's state is not the one that this chunk's last step led to. */
  push(row: StepRow): void {
    if (this.#actions.length > 0)
      this.#arrays.forEach((array, i) => {
        array.checkState(row.arrays[i], this.#last.step);
      });
    this.#last = row;
    this.#actions.push(row.action);
    this.#rewards.push(row.reward);
    this.#priorities.push(row.priority);
    this.#arrays.forEach((array, i) => {
      array.push(row.arrays[i]);
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
