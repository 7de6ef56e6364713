import { stopGradient, type TensorFlow } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TokenHead } from '../inference/language/decoder.ts';
import { Dense } from '../layers/dense.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** A head that values tokens: `q1` and `q2` each token that may come next, `v` the text so far. */
export type TokenValueName = 'q1' | 'q2' | 'v';

/** What heads that value tokens are made from. */
export interface TokenValueOptions {
  readonly names: readonly TokenValueName[];
  /** Features of a token, and tokens of the vocabulary. */
  readonly width: number;
  readonly vocabulary: number;
  /** What every value is before the first update. */
  readonly start: number;
  /** The part of the heads' gradient that goes on into the torso: 1 all of it, 0 none. */
  readonly torsoGradient: number;
}

/** Heads that value tokens by the features of the text before them. */
export interface TokenValueHeads {
  readonly parameters: readonly ParameterSpec[];
  /** The same heads one by one, for a decoder that caches. */
  readonly heads: readonly TokenHead[];
  /**
   * @param features [rows, width]: of the tokens that are asked for alone, since values are many.
   * @returns by the heads' names, float32: [rows, vocabulary] of `q1` and `q2`, [rows, 1] of `v`.
   */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D): Record<TokenValueName, Tensor2D>;
}

/**
 * The heads of ILQL (Snell et al., "Offline RL for natural language generation with implicit language Q-learning", 2023,
 * appendix A.2): a hidden layer of twice the width with relu, and one linear layer. The latter's kernel starts at 0, so that
 * all values start equal. Parameters: `NAME/hidden/kernel` [width, 2 width], `NAME/hidden/bias`, `NAME/output/kernel`
 * [2 width, vocabulary or 1], `NAME/output/bias`.
 */
export function tokenValueHeads(options: TokenValueOptions): TokenValueHeads {
  const { names, width, vocabulary, start, torsoGradient } = options;
  const parts = names.map((name) => {
    const hidden = new Dense(`${name}/hidden`, width, 2 * width, Math.SQRT2);
    const output = new Dense(`${name}/output`, 2 * width, name === 'v' ? 1 : vocabulary);
    const parameters = [
      ...hidden.parameters,
      ...output.parameters.map((each) => ({ ...each, start: each.name.endsWith('/bias') ? start : 0 })),
    ];
    return { name, hidden, output, parameters };
  });
  return {
    parameters: parts.flatMap(({ parameters }) => parameters),
    heads: parts.map(({ name, hidden, output, parameters }) => ({
      ...{ name, parameters },
      layers: (tensors) => [hidden.layer(tensors), output.layer(tensors)],
    })),
    forward(tf, parameters, features) {
      const seen = scaleGradient(tf, features, torsoGradient);
      const values = parts.map(({ name, hidden, output }) => {
        const active = tf.relu(hidden.forward(tf, parameters, seen));
        return [name, output.forward(tf, parameters, active)] as const;
      });
      return Object.fromEntries(values) as Record<TokenValueName, Tensor2D>;
    },
  };
}

/** The same numbers, of whose gradient a part goes on. */
function scaleGradient(tf: TensorFlow, x: Tensor2D, part: number): Tensor2D {
  if (part === 1) return x;
  const constant = stopGradient(tf, x);
  if (part === 0) return constant as Tensor2D;
  return tf.add(tf.mul(x, part), tf.mul(constant, 1 - part));
}
