import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The deviation of a transformer's kernels and embeddings at the start (Radford et al., GPT-2, 2019). */
const DEVIATION = 0.02;

/** A kernel or an embedding of a transformer, whose start values are normal; a bias's are 0. */
export function transformerSpec(name: string, shape: readonly number[]): ParameterSpec {
  const fanIn = shape[0];
  return { name, shape, fanIn, uses: 1, initialization: 'he', gain: DEVIATION * Math.sqrt(fanIn) };
}

/** A dense layer of a transformer: x·kernel, with a bias or without. */
export class Linear {
  readonly parameters: readonly ParameterSpec[];
  readonly #name: string;
  readonly #bias: boolean;

  constructor(name: string, inputs: number, outputs: number, bias: boolean) {
    this.#name = name;
    this.#bias = bias;
    this.parameters = [
      transformerSpec(`${name}/kernel`, [inputs, outputs]),
      ...(bias ? [transformerSpec(`${name}/bias`, [outputs])] : []),
    ];
  }

  /** [rows, outputs] of [rows, inputs]. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    const product: Tensor2D = tf.matMul(x, parameters[`${this.#name}/kernel`] as Tensor2D);
    if (!this.#bias) return product;
    return tf.add(product, parameters[`${this.#name}/bias`]);
  }
}
