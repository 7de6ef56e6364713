import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from '../layers/attention.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** Texts as tokens: a row each, padded to one length. */
export interface TokenInput {
  /** int32 [rows, length], from 0 to the vocabulary's size − 1, also where there is padding. */
  readonly ids: Tensor2D;
  /** int32 [rows, length]: the place of each token in its text. */
  readonly positions: Tensor2D;
  /** [rows, length]: 0 for padding, which no token sees, else 1. Absent: there is none. */
  readonly mask?: Tensor2D;
  /** int32 [rows, length]: the kind of each token, where the torso has such. Absent: all are of kind 0. */
  readonly types?: Tensor2D;
  /**
   * int32 [rows, length]: which of several texts of the row each token is of, where a token sees its own text alone. Absent: a
   * row is one text.
   */
  readonly segments?: Tensor2D;
  /** Where a decoder goes on with texts, what those have left, in place of a mask. */
  readonly cache?: KeyValueCache & { readonly unseen: Tensor };
}

/** The part of a network that makes features of each token of a text. */
export interface TokenTorso {
  readonly parameters: readonly ParameterSpec[];
  /** How many features. */
  readonly width: number;
  /**
   * The features of a batch: a pure function of tensors, which differentiates, traces and runs on any backend.
   *
   * @returns float32 [rows × length, width], the tokens of a row one after another. Those of padding mean nothing.
   */
  forward(tf: TensorFlow, parameters: Parameters, input: TokenInput): Tensor2D;
}
