import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { rotaryFrequencies, type TransformerShape } from '../language/transformer-shape.ts';
import { transformerSpec } from '../layers/linear.ts';
import { rotationOf } from '../layers/rotary.ts';
import { TransformerBlock, transformerNorm } from '../layers/transformer-block.ts';
import type { TokenTorso } from './token-torso.ts';
import { unseenBy } from './unseen.ts';

/** The names of its embeddings. */
export const TOKENS = 'embedding/tokens';
const POSITIONS = 'embedding/positions';

/**
 * A transformer whose tokens see those before them: GPT-2 (Radford et al., 2019), Llama (Touvron et al., 2023), Qwen2 (Yang
 * et al., 2024), GPT-NeoX (Black et al., 2022), as the shape says.
 */
export function decoderTorso(shape: TransformerShape): TokenTorso {
  const { vocabulary, width, context, layers, positions } = shape;
  const blocks = Array.from({ length: layers }, (_, i) => new TransformerBlock(shape, i));
  const norm = transformerNorm('final', shape);
  const frequencies = positions.kind === 'rotary' ? rotaryFrequencies(positions) : null;
  return {
    width,
    parameters: [
      transformerSpec(TOKENS, [vocabulary, width]),
      ...(frequencies === null ? [transformerSpec(POSITIONS, [context, width])] : []),
      ...[...blocks, norm].flatMap(({ parameters }) => parameters),
    ],
    forward(tf, parameters, { ids, positions: places, mask, segments, cache }) {
      const [rows, length] = ids.shape;
      const flat = (tokens: Tensor2D) => tf.reshape(tokens, [-1]) as Tensor1D;
      let x = tf.gather(parameters[TOKENS], flat(ids)) as Tensor2D;
      if (frequencies === null) x = tf.add(x, tf.gather(parameters[POSITIONS], flat(places)));
      const rotation = frequencies && rotationOf(tf, frequencies, places);
      const unseen = cache?.unseen ?? unseenBy(tf, rows, length, mask, true, segments);
      const input = { rows, length, unseen, rotation, cache: cache ?? null };
      for (const block of blocks) x = block.forward(tf, parameters, x, input);
      return norm.forward(tf, parameters, x);
    },
  };
}
