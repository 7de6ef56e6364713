import type { ColumnSpec } from '@qfleet/spaces';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The part of a network between torso and head, which may remember. */
export interface Core {
  readonly parameters: readonly ParameterSpec[];
  /** What it carries from step to step, a row for each environment; zeros where an episode begins. */
  readonly memory: readonly ColumnSpec[];
  /** How many features come out. */
  readonly width: number;
  /**
   * @param features float32 [rows, …], of the torso.
   * @param memory as it was before the step, by the names of `this.memory`.
   * @param begins int32 [rows]: 1 where an episode begins, so that the memory starts anew.
   */
  forward(
    tf: TensorFlow,
    parameters: Parameters,
    features: Tensor2D,
    memory: TensorRecord,
    begins: Tensor | undefined,
  ): { readonly features: Tensor2D; readonly memory: TensorRecord };
}
