import type { ObservationArray } from '@qfleet/envs';
import type { ColumnValues } from '../chunk/columns.ts';

/** A batch of what a replay's unit makes of sampled places, in columns. Its buffers are made once and refilled. */
export interface Batch {
  /** Rows. */
  readonly size: number;
  /** Importance weights; 1 where sampling is uniform. */
  readonly weights: Float32Array;
  /** Where each row came from, for the priorities: handles that also tell whether the place was reused since. */
  readonly handles: Int32Array;
  /** Steps that it trains on, where rows have not all the same number. */
  readonly steps?: number;
}

/** A batch of n-step transitions. */
export interface TransitionBatch extends Batch {
  /** [size, …observationShape], the state s; [size, frameStack, …observationShape] where frames are stacked; of the layout's dtype. */
  readonly observations: ObservationArray;
  readonly actions: Int32Array;
  /** Σ γᵏ r over the steps taken (n, or fewer at an episode's end or where the successor is not there yet). */
  readonly returns: Float32Array;
  /** γᵐ after m steps, or 0 where the episode terminated: what multiplies the bootstrap value. */
  readonly discounts: Float32Array;
  /** The state that is bootstrapped from. */
  readonly nextObservations: ObservationArray;
  /** The layout's named columns at s, [size, …shape]. */
  readonly columns: ColumnValues;
  /** Those of cadence `state` at the state that is bootstrapped from. */
  readonly nextColumns: ColumnValues;
}

/**
 * A batch of sequences. A row has T = burnIn + length steps, of which those that are not there (before an episode's
 * beginning, after its end or what has come) are marked; the first step to train on is step `burnIn`.
 */
export interface SequenceBatch extends Batch {
  /** [size, T + 1, …state], the states around the steps; one that is not there repeats the nearest that is. */
  readonly observations: ObservationArray;
  /** [size, T]; 0 where the step is not there. */
  readonly actions: Int32Array;
  readonly rewards: Float32Array;
  /** γ, or 0 where the step terminated the episode or is not there. */
  readonly discounts: Float32Array;
  /** 1 where the step is there, else 0. */
  readonly valid: Float32Array;
  /** 1 where the step is the first of its episode, else 0. */
  readonly begins: Int32Array;
  /** The layout's named columns: [size, T, …shape] of a step's, [size, T + 1, …shape] of a state's, [size, …shape] of the chunk with the first step that is there. */
  readonly columns: ColumnValues;
}
