import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { languageHead } from '../heads/language.ts';
import { type TokenValueOptions, tokenValueHeads } from '../heads/token-values.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { decoderTorso } from '../torsos/decoder.ts';
import { encoderTorso } from '../torsos/encoder.ts';
import type { TokenInput } from '../torsos/token-torso.ts';
import type { TransformerShape } from './transformer-shape.ts';

/** A transformer with its heads, or without one. */
export interface LanguageNetwork {
  readonly shape: TransformerShape;
  readonly parameters: readonly ParameterSpec[];
  /**
   * A pure function of tensors, which differentiates, traces and runs on any backend.
   *
   * @param picked int32 [picks]: the tokens that the heads are asked for, as indices into all rows' tokens. Absent: all.
   * @returns `features`, float32 [rows × length, width]; `logits`, float32 [picks, vocabulary], where there is a language head;
   *   by their names, what the heads that value tokens give.
   */
  forward(
    tf: TensorFlow,
    parameters: Parameters,
    input: TokenInput & { readonly picked?: Tensor1D },
  ): TensorRecord;
}

/** Which heads value tokens, beside the language model, and how. */
export type ValueHeadsOptions = Pick<TokenValueOptions, 'names' | 'start' | 'torsoGradient'>;

/**
 * The network of a shape.
 *
 * @param values heads that value tokens. Absent: there are none.
 */
export function languageNetwork(shape: TransformerShape, values?: ValueHeadsOptions): LanguageNetwork {
  const { width, vocabulary } = shape;
  const torso = shape.causal ? decoderTorso(shape) : encoderTorso(shape);
  const language = shape.head && languageHead(shape);
  const valuing = values && tokenValueHeads({ ...values, width, vocabulary });
  return {
    shape,
    parameters: [...torso.parameters, ...(language?.parameters ?? []), ...(valuing?.parameters ?? [])],
    forward(tf, parameters, { picked, ...tokens }) {
      const features = torso.forward(tf, parameters, tokens);
      if (language === null && valuing === undefined) return { features };
      const asked = picked ? (tf.gather(features, picked) as Tensor2D) : features;
      return {
        features,
        ...language?.forward(tf, parameters, asked),
        ...valuing?.forward(tf, parameters, asked),
      };
    },
  };
}
