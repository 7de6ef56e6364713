import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ActingLayers } from '../inference/acting-layers.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The part of a network that makes features of a state. */
export interface Torso {
  readonly parameters: readonly ParameterSpec[];
  /** How many features. */
  readonly width: number;
  /**
   * The features of a batch: a pure function of tensors, which differentiates, traces and runs on any backend.
   *
   * @param states [rows, …stateShape], of `stateDType` (uint8 as int32: tfjs has no uint8).
   * @returns float32 [rows, width].
   */
  forward(tf: TensorFlow, parameters: Parameters, states: Tensor): Tensor2D;
  /** New values of those parameters that no gradient changes, by name, after a forward pass of these in training. */
  advance?(tf: TensorFlow, parameters: Parameters): Parameters;
  /** Its layers, where it is nothing but such: actors compute those without tfjs. */
  layers?(tensors: NamedTensors): ActingLayers;
}
