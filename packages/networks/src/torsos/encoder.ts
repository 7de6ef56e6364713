import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { TransformerShape } from '../language/transformer-shape.ts';
import { transformerSpec } from '../layers/linear.ts';
import { TransformerBlock, transformerNorm } from '../layers/transformer-block.ts';
import { TOKENS } from './decoder.ts';
import type { TokenTorso } from './token-torso.ts';
import { unseenBy } from './unseen.ts';

/** The names of its embeddings beside that of the tokens; the norm's is the beginning of a name. */
const POSITIONS = 'embedding/positions';
const TYPES = 'embedding/types';
const NORM = 'embedding';

/** A transformer whose tokens all see each other: BERT (Devlin et al., 2019). */
export function encoderTorso(shape: TransformerShape): TokenTorso {
  const { vocabulary, width, context, layers, tokenTypes } = shape;
  const norm = transformerNorm(NORM, shape);
  const blocks = Array.from({ length: layers }, (_, i) => new TransformerBlock(shape, i));
  return {
    width,
    parameters: [
      transformerSpec(TOKENS, [vocabulary, width]),
      transformerSpec(POSITIONS, [context, width]),
      transformerSpec(TYPES, [tokenTypes, width]),
      ...[norm, ...blocks].flatMap(({ parameters }) => parameters),
    ],
    forward(tf, parameters, { ids, positions, mask, types }) {
      const [rows, length] = ids.shape;
      const vectors = (name: string, indices: Tensor2D) =>
        tf.gather(parameters[name], tf.reshape(indices, [-1]) as Tensor1D) as Tensor2D;
      const kinds = types ?? (tf.zerosLike(ids) as Tensor2D);
      const sum = tf.add(tf.add(vectors(TOKENS, ids), vectors(TYPES, kinds)), vectors(POSITIONS, positions));
      let x = norm.forward(tf, parameters, sum as Tensor2D);
      const input = {
        rows,
        length,
        unseen: unseenBy(tf, rows, length, mask, false),
        rotation: null,
        cache: null,
      };
      for (const block of blocks) x = block.forward(tf, parameters, x, input);
      return x;
    },
  };
}

/**
 * The vector of each text: the mean over its tokens (Reimers and Gurevych, "Sentence-BERT", 2019), of length 1.
 *
 * @param features [rows × length, width], of an encoder.
 * @param mask [rows, length]: 0 for padding, else 1.
 * @returns [rows, width].
 */
export function sentenceVectors(tf: TensorFlow, features: Tensor2D, mask: Tensor2D): Tensor2D {
  const [rows, length] = mask.shape;
  const weights = tf.reshape(tf.cast(mask, 'float32'), [rows, length, 1]);
  const sums: Tensor = tf.sum(tf.mul(tf.reshape(features, [rows, length, -1]), weights), 1);
  // The mean is the sum but for its length, which is 1 here.
  const size = tf.sqrt(tf.sum(tf.square(sums), 1, true));
  return tf.div(sums, tf.maximum(size, 1e-12));
}
