import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { DenseLayer } from '../inference/dense/layer.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** A dense layer: x·kernel + bias. */
export class Dense {
  readonly parameters: readonly ParameterSpec[];
  /** How many outputs the last layer has. */
  readonly width: number;
  readonly #name: string;

  constructor(name: string, inputs: number, outputs: number) {
    this.#name = name;
    this.width = outputs;
    this.parameters = [
      { name: `${name}/kernel`, shape: [inputs, outputs], fanIn: inputs, uses: 1 },
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

/** Dense layers one after another, each followed by relu. */
export class HiddenLayers {
  readonly parameters: readonly ParameterSpec[];
  readonly width: number;
  readonly #layers: readonly Dense[];

  /** @param sizes the units of each layer. */
  constructor(inputs: number, sizes: readonly number[]) {
    const widths = [inputs, ...sizes];
    this.#layers = sizes.map((units, i) => new Dense(`hidden${i}`, widths[i], units));
    this.parameters = this.#layers.flatMap((layer) => layer.parameters);
    this.width = widths[sizes.length];
  }

  /** [rows, width] of [rows, inputs]. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D): Tensor2D {
    return this.#layers.reduce((y, layer) => tf.relu(layer.forward(tf, parameters, y)), x);
  }

  layers(tensors: NamedTensors): DenseLayer[] {
    return this.#layers.map((layer) => layer.layer(tensors));
  }
}
