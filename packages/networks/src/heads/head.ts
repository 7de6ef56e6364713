import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { DenseLayer } from '../inference/dense/layer.ts';
import type { LayerOptions } from '../layers/dense.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The part of a network that makes of features what an objective computes with. */
export interface Head {
  readonly parameters: readonly ParameterSpec[];
  /**
   * Its outputs by name, as its objective knows them; a pure function of tensors.
   *
   * @param features float32 [rows, width].
   * @param levels float32 [rows, N]: the quantile levels that are asked for, of a head that takes some; absent: those by
   *   which actors act.
   */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D, levels?: Tensor): TensorRecord;
  /** Dense layers that give Q(s, ·) [rows, actions], or what `reduce` takes: actors compute those without tfjs. */
  layers?(tensors: NamedTensors): DenseLayer[];
  /** Makes Q(s, ·) of what the last of `layers` gives; absent: that is Q(s, ·). */
  readonly reduce?: Reduce;
  /**
   * Dense layers that give all numbers of each action's distribution as they are, [rows, actions × N]; absent: there is
   * none, or it is no dense layers.
   */
  distribution?(tensors: NamedTensors): DenseLayer[];
}

/**
 * Makes values of outputs, without an allocation.
 *
 * @param outputs [rows, outputs of the last layer].
 * @param values where [rows, actions] is written, from `start` on.
 */
export type Reduce = (outputs: Float32Array, rows: number, values: Float32Array, start: number) => void;

/** What a head is made from. */
export interface HeadOptions {
  /** How many features it is given. */
  readonly width: number;
  readonly actions: number;
  /** Units of the hidden layer of each stream of a dueling head; null: the head is not dueling. */
  readonly dueling: number | null;
  /** Units of the hidden layer that a head of `ownsHidden` has where it is not dueling; null: it has none. */
  readonly hidden: number | null;
  /** How its hidden layers are made; absent: plainly. */
  readonly layers?: LayerOptions;
}

/** Makes a head for a network: an objective names the one it needs. */
export interface HeadFactory {
  (options: HeadOptions): Head;
  /** Whether the network's last hidden layer is the head's own, dueling or not. */
  readonly ownsHidden?: boolean;
}
