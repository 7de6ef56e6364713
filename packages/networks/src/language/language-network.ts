import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { languageHead } from '../heads/language.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { decoderTorso } from '../torsos/decoder.ts';
import { encoderTorso } from '../torsos/encoder.ts';
import type { TokenInput } from '../torsos/token-torso.ts';
import type { TransformerShape } from './transformer-shape.ts';

/** A transformer with its head, or without one. */
export interface LanguageNetwork {
  readonly shape: TransformerShape;
  readonly parameters: readonly ParameterSpec[];
  /**
   * A pure function of tensors, which differentiates, traces and runs on any backend.
   *
   * @param picked int32 [picks]: the tokens that the head is asked for, as indices into all rows' tokens. Absent: all.
   * @returns `features`, float32 [rows × length, width]; `logits`, float32 [picks, vocabulary], where there is a head.
   */
  forward(
    tf: TensorFlow,
    parameters: Parameters,
    input: TokenInput & { readonly picked?: Tensor1D },
  ): TensorRecord;
}

/** The network of a shape. */
export function languageNetwork(shape: TransformerShape): LanguageNetwork {
  const torso = shape.causal ? decoderTorso(shape) : encoderTorso(shape);
  const head = shape.head && languageHead(shape);
  return {
    shape,
    parameters: [...torso.parameters, ...(head?.parameters ?? [])],
    forward(tf, parameters, { picked, ...tokens }) {
      const features = torso.forward(tf, parameters, tokens);
      if (head === null) return { features };
      const asked = picked ? (tf.gather(features, picked) as Tensor2D) : features;
      return { features, ...head.forward(tf, parameters, asked) };
    },
  };
}
