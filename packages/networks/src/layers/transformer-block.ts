import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TransformerShape } from '../language/transformer-shape.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { activate } from './activation.ts';
import { Attention, type AttentionInput } from './attention.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { RmsNorm } from './rms-norm.ts';

/** The norm of a transformer. @param name that of what it belongs to. */
export function transformerNorm(name: string, { width, norm }: TransformerShape): LayerNorm | RmsNorm {
  return norm.kind === 'rms'
    ? new RmsNorm(name, width, norm.epsilon)
    : new LayerNorm(name, width, 1, norm.epsilon);
}

/** A layer of a transformer: attention, then a hidden layer of each token by itself. */
export class TransformerBlock {
  readonly parameters: readonly ParameterSpec[];
  readonly #shape: TransformerShape;
  readonly #attention: Attention;
  readonly #attentionNorm: LayerNorm | RmsNorm;
  readonly #hidden: Linear;
  readonly #output: Linear;
  readonly #mlpNorm: LayerNorm | RmsNorm;

  /** @param layer its number, from 0 on. */
  constructor(shape: TransformerShape, layer: number) {
    const { width, inner, gated, biases } = shape;
    const [attention, mlp] = [`layer${layer}/attention`, `layer${layer}/mlp`];
    this.#shape = shape;
    this.#attention = new Attention(attention, shape, layer);
    this.#attentionNorm = transformerNorm(attention, shape);
    this.#hidden = new Linear(`${mlp}/input`, width, gated ? 2 * inner : inner, biases.mlp);
    this.#output = new Linear(`${mlp}/output`, inner, width, biases.mlp);
    this.#mlpNorm = transformerNorm(mlp, shape);
    this.parameters = [
      this.#attentionNorm,
      this.#attention,
      this.#mlpNorm,
      this.#hidden,
      this.#output,
    ].flatMap(({ parameters }) => parameters);
  }

  /** [rows × length, width] of the same. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D, input: AttentionInput): Tensor2D {
    const attend = (y: Tensor2D) => this.#attention.forward(tf, parameters, y, input);
    const think = (y: Tensor2D) => this.#mlp(tf, parameters, y);
    const attentionNorm = (y: Tensor2D) => this.#attentionNorm.forward(tf, parameters, y);
    const mlpNorm = (y: Tensor2D) => this.#mlpNorm.forward(tf, parameters, y);
    switch (this.#shape.residual) {
      case 'pre': {
        const after = tf.add(x, attend(attentionNorm(x))) as Tensor2D;
        return tf.add(after, think(mlpNorm(after)));
      }
      case 'parallel':
        return tf.add(tf.add(x, attend(attentionNorm(x))), think(mlpNorm(x)));
      case 'post': {
        const after = attentionNorm(tf.add(x, attend(x)));
        return mlpNorm(tf.add(after, think(after)));
      }
    }
  }

  #mlp(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    const { activation, gated } = this.#shape;
    const sums = this.#hidden.forward(tf, parameters, x);
    if (!gated) return this.#output.forward(tf, parameters, activate(tf, activation, sums));
    const [gate, up] = tf.split(sums, 2, 1) as [Tensor2D, Tensor2D];
    return this.#output.forward(tf, parameters, tf.mul(activate(tf, activation, gate), up));
  }
}
