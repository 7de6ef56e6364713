import type { Random } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import type { StepInfo } from './step-info.ts';

/** The caller's arrays, which rows are written into. */
export interface RowArrays {
  /** Observations; that of row i begins at element i · `stride`. */
  readonly observations: ObservationArray;
  /** Elements from one row's observation to the next: more than an observation has where frames are stacked. */
  readonly stride: number;
  /** [rows]. */
  readonly rewards: Float64Array;
  /** [rows]; 1: the episode reached a terminal state, and the value after it is 0. */
  readonly terminated: Uint8Array;
  /** [rows]; 1: the episode was cut (a time limit), and the value after it is bootstrapped. */
  readonly truncated: Uint8Array;
  /** [rows, actions]; 1 for each action that is allowed in a row's state, else 0. Null: the environment has no masks. */
  readonly masks: Uint8Array | null;
}

/**
 * Rows of one environment, each with an episode of its own, stepped at once. They write into the caller's arrays, so that
 * a step allocates nothing. `createVectorEnvironment` makes one of any definition.
 *
 * A step may be awaited. Until it is done nothing but `close` may be called, and the arrays are neither read nor changed.
 */
export interface VectorEnvironment {
  readonly rows: number;
  /**
   * The rows that the last step failed in, with what was thrown: what they wrote counts for nothing. The other rows have
   * done their step.
   */
  readonly failures: ReadonlyMap<number, unknown>;
  /**
   * [rows]: what each row's last step told beside, null for nothing; absent or null: no row told anything. Valid up to the
   * next step.
   */
  readonly infos?: readonly (StepInfo | null)[] | null;
  /** Sets the arrays that are written into from now on; whoever replaces them copies what they hold. */
  bind(arrays: RowArrays): void;
  /**
   * Adds a row after the others. The next calls are `bind`, since the arrays need room for it, and its `reset`.
   *
   * @param random what all its randomness is drawn from.
   * @param slot names the row in errors.
   * @param episodes that the slot has begun before.
   */
  add(random: Random, slot: number, episodes: number): void;
  /** Takes a row out; those after it move up by one. The next call is `bind`. */
  remove(row: number): void;
  /** Begins a row's next episode and writes its first observation, and its mask. A row that failed is made anew. */
  reset(row: number): void;
  /**
   * Steps every row and writes what came of it. Each row's episode has begun, and has not ended.
   *
   * @param actions [rows].
   */
  step(actions: Int32Array): void | Promise<void>;
  /** Ends all rows. A step in flight is given up: it may never settle. */
  close(): void;
}
