import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TransformerShape } from '../language/transformer-shape.ts';
import { activate } from '../layers/activation.ts';
import { Linear, transformerSpec } from '../layers/linear.ts';
import { transformerNorm } from '../layers/transformer-block.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { TOKENS } from '../torsos/decoder.ts';

/** The names of its parameters. */
const NAMES = { tokens: 'head/tokens', bias: 'head/bias', dense: 'head/dense', norm: 'head' };

/** Makes logits of a token's features: over the vocabulary, for the token that follows or that a mask hides. */
export interface LanguageHead {
  readonly parameters: readonly ParameterSpec[];
  /**
   * @param features [rows, width]: of the tokens that are asked for alone, since logits are many.
   * @returns `logits`, float32 [rows, vocabulary].
   */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D): TensorRecord;
}

/** The head of a shape that has one: features times the vectors of all tokens, the torso's own where it is tied. */
export function languageHead(shape: TransformerShape): LanguageHead {
  const { width, vocabulary, activation } = shape;
  const { tied, bias, transform } = shape.head!;
  const kernel = tied ? TOKENS : NAMES.tokens;
  const before = transform
    ? { dense: new Linear(NAMES.dense, width, width, true), norm: transformerNorm(NAMES.norm, shape) }
    : null;
  return {
    parameters: [
      ...(before ? [...before.dense.parameters, ...before.norm.parameters] : []),
      ...(tied ? [] : [transformerSpec(kernel, [vocabulary, width])]),
      ...(bias ? [transformerSpec(NAMES.bias, [vocabulary])] : []),
    ],
    forward(tf, parameters, features) {
      let x = features;
      if (before !== null) {
        const active = activate(tf, activation, before.dense.forward(tf, parameters, x));
        x = before.norm.forward(tf, parameters, active);
      }
      const products = tf.matMul(x, parameters[kernel] as Tensor2D, false, true);
      return { logits: bias ? tf.add(products, parameters[NAMES.bias]) : products };
    },
  };
}
