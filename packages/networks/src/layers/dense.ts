import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { DenseLayer } from '../inference/dense/layer.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { LayerNorm } from './layer-norm.ts';

/** A dense layer: x·kernel + bias. */
export class Dense {
  readonly parameters: readonly ParameterSpec[];
  /** How many outputs the last layer has. */
  readonly width: number;
  readonly #name: string;

  /** @param gain as `ParameterSpec` has it: 1 for outputs. */
  constructor(name: string, inputs: number, outputs: number, gain = 1) {
    this.#name = name;
    this.width = outputs;
    this.parameters = [
      { name: `${name}/kernel`, shape: [inputs, outputs], fanIn: inputs, uses: 1, gain },
      { name: `${name}/bias`, shape: [outputs], fanIn: inputs, uses: 1 },
    ];
  }

  /** [rows, outputs] of [rows, inputs]. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    const product = tf.matMul(x, parameters[`${this.#name}/kernel`] as Tensor2D);
    return tf.add(product, parameters[`${this.#name}/bias`]);
  }

  /** The same for inference without tfjs. */
  layer(tensors: NamedTensors): DenseLayer {
    const { shape, data } = tensors.get(`${this.#name}/kernel`)!;
    return {
      inputs: shape[0],
      outputs: shape[1],
      kernel: data,
      bias: tensors.get(`${this.#name}/bias`)!.data,
    };
  }
}

/** How a network's hidden layers are made. */
export interface LayerOptions {
  /** Whether each is normalised before its relu; absent: it is not. */
  readonly layerNorm?: boolean;
}

/** A hidden layer: a dense one, normalised where it is asked for, then relu. */
export class Hidden {
  readonly parameters: readonly ParameterSpec[];
  readonly #dense: Dense;
  readonly #norm: LayerNorm | null;

  constructor(name: string, inputs: number, outputs: number, { layerNorm = false }: LayerOptions = {}) {
    this.#dense = new Dense(name, inputs, outputs, Math.SQRT2);
    this.#norm = layerNorm ? new LayerNorm(name, outputs) : null;
    this.parameters = [...this.#dense.parameters, ...(this.#norm?.parameters ?? [])];
  }

  /** [rows, outputs] of [rows, inputs]. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    const sums = this.#dense.forward(tf, parameters, x);
    return tf.relu(this.#norm === null ? sums : this.#norm.forward(tf, parameters, sums));
  }

  /** The same for inference without tfjs. */
  layer(tensors: NamedTensors): DenseLayer {
    const layer = this.#dense.layer(tensors);
    return this.#norm === null ? layer : { ...layer, norm: this.#norm.layer(tensors) };
  }
}

/**
 * Hidden layers one after another.
 *
 * @example
 * const layers = new HiddenLayers(4, [64, 32]);
 * layers.width; // → 32
 * layers.parameters.map(({ shape }) => shape); // → [[4, 64], [64], [64, 32], [32]]
 */
export class HiddenLayers {
  readonly parameters: readonly ParameterSpec[];
  readonly width: number;
  readonly #layers: readonly Hidden[];

  /** @param sizes the units of each layer. */
  constructor(inputs: number, sizes: readonly number[], options: LayerOptions = {}) {
    const widths = [inputs, ...sizes];
    this.#layers = sizes.map((units, i) => new Hidden(`hidden${i}`, widths[i], units, options));
    this.parameters = this.#layers.flatMap((layer) => layer.parameters);
    this.width = widths[sizes.length];
  }

  /** [rows, width] of [rows, inputs]. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    return this.#layers.reduce((y, layer) => layer.forward(tf, parameters, y), x);
  }

  layers(tensors: NamedTensors): DenseLayer[] {
    return this.#layers.map((layer) => layer.layer(tensors));
  }
}
