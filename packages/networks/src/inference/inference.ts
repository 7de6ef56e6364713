import type { ObservationArray } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A network as actors compute it: from typed arrays to typed arrays. */
export interface Inference {
  /**
   * Takes up parameters.
   * @throws Error when names or shapes are not the network's; the old parameters then stay.
   */
  load(tensors: NamedTensors): void;
  /**
   * Q(s, ·) of `rows` states, [rows, actions], written to `values`.
   * @throws Error before the first `load`; RangeError when an array is too short.
   */
  run(states: ObservationArray, rows: number, values: Float32Array): void;
}

/** Q(s, ·) [rows, actions] of a head's outputs, as an objective finds it. */
export type ValuesOf = (tf: TensorFlow, out: TensorRecord) => Tensor;
