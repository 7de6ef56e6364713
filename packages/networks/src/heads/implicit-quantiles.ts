import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { besideInputsScaled, type DenseLayer, overInputsScaled } from '../inference/dense/layer.ts';
import { Dense, Hidden } from '../layers/dense.ts';
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
  const factory: HeadFactory = ({ width, actions, dueling, hidden, layers: options = {} }) => {
    const embedding = new Dense('embedding', cosines, width, Math.SQRT2);
    const plain = hidden === null ? null : new Hidden('hidden', width, hidden, options);
    const outputs = actionOutputs({ width: hidden ?? width, actions, dueling, layers: options }, 1);
    const middles = middleLevels(actingSamples);
    const parts = (tensors: NamedTensors) => ({
      layers: [...(plain ? [plain.layer(tensors)] : []), ...outputs.layers(tensors)],
      embeddings: waves.map((each) => embed(embedding.layer(tensors), each)),
    });
    const waves = middles.map((level) =>
      Float64Array.from({ length: cosines }, (_, i) => Math.cos(Math.PI * i * level)),
    );
    return {
      parameters: [
        // Noise and norms are for the layers that a plain network has too: Beyond the Rainbow leaves φ plain.
        ...embedding.parameters.map((each) => ({ ...each, isNoiseless: true })),
        ...(plain?.parameters ?? []),
        ...outputs.parameters,
      ],
      forward: (tf, parameters, features, levels = tf.tensor2d([middles])) => {
        const [, count] = levels.shape;
        const asked = tf.reshape(cosinesOf(tf, levels, cosines), [-1, cosines]) as Tensor2D;
        const embedded = tf.relu(embedding.forward(tf, parameters, asked));
        // [1, K, width] where all rows have the same levels.
        const apart = tf.reshape(embedded, [-1, count!, width]);
        const product = tf.reshape(tf.mul(tf.expandDims(features, 1), apart), [-1, width]) as Tensor2D;
        const deep = plain === null ? product : plain.forward(tf, parameters, product);
        const values = tf.reshape(outputs.forward(tf, parameters, deep), [-1, count!, actions]);
        return { quantiles: tf.transpose(values, [0, 2, 1]) };
      },
      layers: (tensors) => {
        const { layers, embeddings } = parts(tensors);
        return overInputsScaled(layers, embeddings);
      },
      distribution: (tensors) => {
        const { layers, embeddings } = parts(tensors);
        return besideInputsScaled(layers, embeddings);
      },
    };
  };
  return Object.assign(factory, { ownsHidden: true });
}

/** cos(πiτ), i = 0 … n − 1: [rows, N, n] of levels [rows, N]. */
function cosinesOf(tf: TensorFlow, levels: Tensor, n: number): Tensor {
  return tf.cos(tf.mul(tf.expandDims(levels, 2), tf.mul(tf.range(0, n), Math.PI)));
}

/** φ(τ) of the cosines of a level. */
function embed({ inputs, outputs, kernel, bias }: DenseLayer, waves: Float64Array): Float64Array {
  const sums = Float64Array.from(bias);
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < outputs; j++) sums[j] += waves[i] * kernel[i * outputs + j];
  }
  return sums.map((sum) => Math.max(0, sum));
}
