import type { InferenceRows } from '@qfleet/networks';
import type { Random } from '@qfleet/random';
import type { Batch, SampleUnit } from '@qfleet/replay';
import type { Memory } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Round } from './pqn/round.ts';

/** What an actor plays with: the Q-function's parameters at one version. */
export interface Weights {
  /** Rises with every publication of a run, also over a learner's restarts. */
  readonly version: number;
  /** Gradient updates behind these weights. */
  readonly updates: number;
  readonly tensors: NamedTensors;
}

/** Where a learner publishes weights, for actors to take up. Implementations: in process, on Redis. */
export interface WeightsChannel {
  /** @returns how many bytes were sent. */
  publish(weights: Weights): Promise<number>;
  /** Whether actors have had the time to read the last weights; large ones need some. */
  mayPublish(): boolean;
  /** The version that is there now; 0: none yet. */
  version(): Promise<number>;
}

/** The rows of one call of a policy, in the caller's arrays. */
export interface ActingRows extends InferenceRows {
  readonly begins: Int32Array;
  readonly memory: Memory;
  /** [count, actions]: 0 for what must not be chosen; null: everything may be. */
  readonly masks: Uint8Array | null;
  /** [count] */
  readonly epsilons: Float32Array;
  readonly random: Random;
  /** [count]: where the chosen actions are written. */
  readonly actions: Int32Array;
  /** [count, actions]: where Q(s, ·) is written; null: nobody asks for it. */
  readonly values: Float32Array | null;
}

/** Chooses actions from observations. One an actor; not tied to a thread or to TensorFlow. */
export interface Policy {
  /** Takes up new parameters at once; a set of wrong names or shapes is refused and the old one stays. */
  load(tensors: NamedTensors): void;
  /** A memory for so many rows, all at the beginning of an episode. It is the caller's, who may move its rows. */
  memory(rows: number): Memory;
  /**
   * Chooses an action for each row, and moves the rows' memory on by a step. With ε = 0 the default selector is
   * greedy: argmax Q, ties to the lowest action. An action whose mask is 0 is never chosen.
   */
  act(rows: ActingRows): void;
  /** Ends the thread that helps it; it still acts. Left out: none does. */
  dispose?(): void;
}

/** What a call of `update` measured. */
export interface UpdateStats {
  /** Averages over the call's batches by name: `loss` and `meanAbsTdError`, and what else the agent has, as `meanQ`. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Null: all numbers are finite. */
  readonly fault: UpdateFault | null;
}

/** The first batch of a call whose TD errors, gradient or new values are not finite. */
export interface UpdateFault {
  /** Counted from 0 within the call. */
  readonly batch: number;
  readonly loss: number;
  /** Null: the agent has no gradient. */
  readonly gradientNorm: number | null;
}

/** What is asked of everything that learns. */
export interface Learning {
  /** Gradient updates of a call of `update`, one for each batch. */
  readonly batchesPerUpdate: number;
  /** The parameters that actors need, copied out. */
  parameters(): NamedTensors;
  /** Everything a checkpoint needs to continue exactly: parameters, target, optimizer slots. */
  state(): NamedTensors;
  restore(state: NamedTensors): void;
  dispose(): void;
}

/** What learns from a replay. Implementations: tabular Q-learning, the DQN family. */
export interface Agent extends Learning {
  /** What a row of its batches is. */
  readonly unit: SampleUnit;
  /**
   * One gradient update for each batch, in order: as many as the unrolling of the compiled step. Writes to `priorities`
   * (batches × size) each row's new priority, at least 0: |TD error|, unless the objective says otherwise.
   */
  update(batches: readonly Batch[], priorities: Float32Array): UpdateStats;
}

/** What learns from rounds of fresh experience. Implementation: PQN. */
export interface RoundAgent extends Learning {
  /** Learns all that it will from a round: one gradient update for each minibatch of each epoch. */
  update(round: Round): UpdateStats;
}
