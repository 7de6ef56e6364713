import type { Random } from '@qfleet/random';
import type { Memory, ObservationArray } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The rows of one call, in the caller's arrays. */
export interface InferenceRows {
  /** How many rows there are. */
  readonly count: number;
  /** [count, …stateShape] */
  readonly states: ObservationArray;
  /** [count]: 1 where the state is the first of its episode, else 0. Needed where something is remembered. */
  readonly begins?: Int32Array;
  /** What the rows remember, which moves on by a step. Needed where something is remembered. */
  readonly memory?: Memory;
  /** What noise is drawn from, anew for each call, which all its rows share. Needed where the weights are to be noisy. */
  readonly random?: Random;
}

/** Something that values actions, as actors compute it: from typed arrays to typed arrays. */
export interface Inference {
  /**
   * Takes up parameters.
   * @throws Error when names or shapes are not the network's; the old parameters then stay.
   */
  load(tensors: NamedTensors): void;
  /** A memory for so many rows, all at the beginning of an episode. */
  memory(rows: number): Memory;
  /**
   * Q(s, ·) of the rows' states, [rows, actions], written to `values`.
   * @throws Error before the first `load`, or without the memory that it needs; RangeError when an array is too short.
   */
  run(rows: InferenceRows, values: Float32Array): void;
  /** Frees what it holds beside memory. Left out: it holds nothing. */
  dispose?(): void;
}

/** Q(s, ·) [rows, actions] of a head's outputs, as an objective finds it. */
export type ValuesOf = (tf: TensorFlow, out: TensorRecord) => Tensor;
