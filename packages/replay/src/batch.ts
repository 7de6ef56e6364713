import type { ObservationArray } from '@qfleet/envs';

/** A batch of n-step transitions in columns. Its buffers are made once and refilled. */
export interface Batch {
  readonly size: number;
  /** [size, …observationShape], the state s; [size, frameStack, …observationShape] where frames are stacked; of the layout's dtype. */
  readonly observations: ObservationArray;
  readonly actions: Int32Array;
  /** Σ γᵏ r over the steps taken (n, or fewer at an episode's end or where the successor is not there yet). */
  readonly returns: Float32Array;
  /** γᵐ after m steps, or 0 where the episode terminated: what multiplies the bootstrap value. */
  readonly discounts: Float32Array;
  /** The state that is bootstrapped from. */
  readonly nextObservations: ObservationArray;
  /** Importance weights; 1 where sampling is uniform. */
  readonly weights: Float32Array;
  /** Where each row came from, for the priorities: handles that also tell whether the place was reused since. */
  readonly leaves: Int32Array;
}
