import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { DenseLayer } from '../inference/dense/layer.ts';
import type { LayerOptions } from '../layers/dense.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The part of a network that makes of features what an objective computes with. */
export interface Head {
  readonly parameters: readonly ParameterSpec[];
  /** Its outputs by name, as its objective knows them; a pure function of tensors. `features` is float32 [rows, width]. */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D): TensorRecord;
  /** Dense layers that give Q(s, ·) [rows, actions], where there are such: actors compute those without tfjs. */
  layers?(tensors: NamedTensors): DenseLayer[];
}

/** What a head is made from. */
export interface HeadOptions {
  /** How many features it is given. */
  readonly width: number;
  readonly actions: number;
  /** Units of the hidden layer of each stream of a dueling head; null: the head is not dueling. */
  readonly dueling: number | null;
  /** How its hidden layers are made; absent: plainly. */
  readonly layers?: LayerOptions;
}

/** Makes a head for a network: an objective names the one it needs. */
export type HeadFactory = (options: HeadOptions) => Head;
