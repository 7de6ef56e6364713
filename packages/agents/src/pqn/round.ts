import { type ObservationArray, observationArrays, type StateSpec, stateSize } from '@qfleet/spaces';

/** What became of an episode in a step of a round. */
export const END = {
  /** It goes on. */
  continues: 0,
  /** In a terminal state: the value after it is 0. */
  terminated: 1,
  /** It was cut: the value after it is bootstrapped. */
  truncated: 2,
  /** There is no such step, as where an environment threw: nothing is learned from it. */
  lost: 3,
} as const;

/**
 * A round of experience: so many steps of so many copies of an environment, all played with the same weights. Columns are
 * [steps, copies, …]; their memory is made once and refilled.
 */
export interface Round {
  readonly copies: number;
  readonly steps: number;
  /** [steps, copies, …stateShape], the states that were acted in; of the layout's dtype. */
  readonly observations: ObservationArray;
  readonly actions: Int32Array;
  readonly rewards: Float32Array;
  /** Each an `END`. */
  readonly ends: Uint8Array;
  /** max Q, over what is allowed, of the state that each step led to, by the weights that the round was played with; any number after a terminal state. */
  readonly nextValues: Float32Array;
  /** How much each step that was not lost counts: 1, or more where the steps of whole copies are missing. */
  readonly weight: number;
}

/** A round with zeros in it. */
export function makeRound(spec: StateSpec, copies: number, steps: number): Round {
  const size = copies * steps;
  return {
    copies,
    steps,
    observations: new observationArrays[spec.dtype](size * stateSize(spec)),
    actions: new Int32Array(size),
    rewards: new Float32Array(size),
    ends: new Uint8Array(size),
    nextValues: new Float32Array(size),
    weight: 1,
  };
}
