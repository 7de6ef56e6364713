import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { type DenseLayer, overInputsScaled } from '../inference/dense/layer.ts';
import { Dense } from '../layers/dense.ts';
import { actionOutputs } from './action-outputs.ts';
import type { HeadFactory } from './head.ts';

/** The middles of `count` equal parts of [0, 1]: (2k + 1)/2K. */
export const middleLevels = (count: number): number[] =>
  Array.from({ length: count }, (_, k) => (2 * k + 1) / (2 * count));

/**
 * The return's quantile function: the output `quantiles`, float32 [rows, actions, N], at the levels [rows, N] that it is
 * asked for (IQN, Dabney et al., "Implicit quantile networks for distributional reinforcement learning", 2018, equation 4):
 * f(ψ(s) ⊙ φ(τ)), where φⱼ(τ) = relu(Σᵢ cos(πiτ)·wᵢⱼ + bⱼ) over i = 0 … n − 1 and f has a hidden layer.
 *
 * Where no levels are asked for, those are the middles of `actingSamples` equal parts, of which the mean is Q. The paper
 * draws them anew for each action; the middles are the midpoint rule for the same integral: closer to it, and without
 * noise, so that a row's values depend on nothing but the row.
 */
export function implicitQuantilesHead(actingSamples: number, cosines: number): HeadFactory {
  const factory: HeadFactory = ({ width, actions, dueling, hidden }) => {
    const embedding = new Dense('embedding', cosines, width);
    const plain = dueling === null && hidden !== null ? new Dense('hidden', width, hidden) : null;
    const outputs = actionOutputs({ width: plain?.width ?? width, actions, dueling }, 1);
    const middles = middleLevels(actingSamples);
    return {
      parameters: [...embedding.parameters, ...(plain?.parameters ?? []), ...outputs.parameters],
      forward: (tf, parameters, features, levels = tf.tensor2d([middles])) => {
        const [, count] = levels.shape;
        const waves = tf.reshape(cosinesOf(tf, levels, cosines), [-1, cosines]) as Tensor2D;
        const embedded = tf.relu(embedding.forward(tf, parameters, waves));
        // [1, K, width] where all rows have the same levels.
        const apart = tf.reshape(embedded, [-1, count!, width]);
        const product = tf.reshape(tf.mul(tf.expandDims(features, 1), apart), [-1, width]) as Tensor2D;
        const deep = plain === null ? product : tf.relu(plain.forward(tf, parameters, product));
        const values = tf.reshape(outputs.forward(tf, parameters, deep), [-1, count!, actions]);
        return { quantiles: tf.transpose(values, [0, 2, 1]) };
      },
      layers: (tensors) => {
        const embeddings = middles.map((level) => embed(embedding.layer(tensors), level));
        const layers = [...(plain ? [plain.layer(tensors)] : []), ...outputs.layers(tensors)];
        return overInputsScaled(layers, embeddings);
      },
    };
  };
  return Object.assign(factory, { ownsHidden: true });
}

/** cos(πiτ), i = 0 … n − 1: [rows, N, n] of levels [rows, N]. */
function cosinesOf(tf: TensorFlow, levels: Tensor, n: number): Tensor {
  return tf.cos(tf.mul(tf.expandDims(levels, 2), tf.mul(tf.range(0, n), Math.PI)));
}

/** φ(τ), from the layer of the embedding. */
function embed({ inputs, outputs, kernel, bias }: DenseLayer, level: number): Float64Array {
  return Float64Array.from(bias, (sum, j) => {
    let wave = sum;
    for (let i = 0; i < inputs; i++) wave += Math.cos(Math.PI * i * level) * kernel[i * outputs + j];
    return Math.max(0, wave);
  });
}
