import type { ColumnSpec } from '@qfleet/spaces';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Cell } from '../inference/recurrent/cell.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** What a core is given beside features. */
export interface CoreInput {
  /** Consecutive steps of each row: features are [rows × steps, …], the steps of a row one after another. */
  readonly steps: number;
  /** As it was before the first step, by the names of the core's memory, [rows, …shape]. */
  readonly memory: TensorRecord;
  /** int32 [rows × steps]: 1 where an episode begins, so that the memory starts anew; absent: none begins. */
  readonly begins?: Tensor | undefined;
  /** float32 [rows × steps]: 0 where there is no step, so that the memory stays as it is; else 1. Absent: all are there. */
  readonly present?: Tensor | undefined;
}

/** The part of a network between torso and head, which may remember. */
export interface Core {
  readonly parameters: readonly ParameterSpec[];
  /** What it carries from step to step, a row for each environment; zeros where an episode begins. */
  readonly memory: readonly ColumnSpec[];
  /** How many features come out. */
  readonly width: number;
  /**
   * Goes through the steps of each row in order.
   *
   * @param features float32 [rows × steps, …], of the torso.
   * @returns features [rows × steps, width], and the memory after the last step.
   */
  forward(
    tf: TensorFlow,
    parameters: Parameters,
    features: Tensor2D,
    input: CoreInput,
  ): { readonly features: Tensor2D; readonly memory: TensorRecord };
  /** How actors compute it a step at a time without tfjs, where they can. */
  readonly cell?: Cell;
}
