import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { type DenseLayer, sideBySide } from '../inference/dense/layer.ts';
import { Dense, Hidden } from '../layers/dense.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import type { HeadOptions } from './head.ts';

/** A vector of `perAction` numbers for each action: Q itself where it is one, else the atoms or quantiles of its distribution. */
export interface ActionOutputs {
  readonly parameters: readonly ParameterSpec[];
  /** float32 [rows, actions], or [rows, actions, perAction] where that is not 1. */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D): Tensor;
  /** Dense layers that give the same numbers, [rows, actions × perAction]. */
  layers(tensors: NamedTensors): DenseLayer[];
}

/** What they are made from. */
type OutputOptions = Pick<HeadOptions, 'width' | 'actions' | 'dueling' | 'layers'>;

/** Such outputs by one dense layer, or as V + A − mean A of two streams. */
export function actionOutputs(options: OutputOptions, perAction: number): ActionOutputs {
  const { width, actions, dueling } = options;
  const shape = perAction === 1 ? [-1, actions] : [-1, actions, perAction];
  if (dueling === null) {
    const output = new Dense('output', width, actions * perAction);
    return {
      parameters: output.parameters,
      forward: (tf, parameters, features) => {
        const flat = output.forward(tf, parameters, features);
        return perAction === 1 ? flat : tf.reshape(flat, shape);
      },
      layers: (tensors) => [output.layer(tensors)],
    };
  }
  const streams = duelingStreams({ ...options, dueling }, perAction);
  return {
    parameters: streams.parameters,
    forward: (tf, parameters, features) => {
      const [value, advantage] = streams.forward(tf, parameters, features);
      if (perAction === 1) return tf.add(value, tf.sub(advantage, tf.mean(advantage, 1, true)));
      const apart = tf.reshape(advantage, shape);
      return tf.add(tf.reshape(value, [-1, 1, perAction]), tf.sub(apart, tf.mean(apart, 1, true)));
    },
    layers: (tensors) => {
      const { value, advantage } = streams;
      return [
        sideBySide(value.hidden.layer(tensors), advantage.hidden.layer(tensors)),
        duelingLayer(value.output.layer(tensors), advantage.output.layer(tensors)),
      ];
    },
  };
}

/** What the streams of a dueling head are made from. */
type DuelingOptions = OutputOptions & { readonly dueling: number };

/** The two streams of a dueling head, of which Q = V + A − mean A: the mean makes V and A identifiable (Wang et al., 2016, equation 9). */
function duelingStreams({ width, actions, dueling, layers = {} }: DuelingOptions, perAction: number) {
  const [value, advantage] = [
    { name: 'value', outputs: perAction },
    { name: 'advantage', outputs: actions * perAction },
  ].map(({ name, outputs }) => ({
    hidden: new Hidden(`${name}/hidden`, width, dueling, layers),
    output: new Dense(`${name}/output`, dueling, outputs),
  }));
  const streams = [value, advantage];
  return {
    value,
    advantage,
    parameters: streams.flatMap(({ hidden, output }) => [...hidden.parameters, ...output.parameters]),
    /** V [rows, perAction] and A [rows, actions × perAction]. */
    forward: (tf: TensorFlow, parameters: Parameters, features: Tensor2D): Tensor2D[] =>
      streams.map(({ hidden, output }) =>
        output.forward(tf, parameters, hidden.forward(tf, parameters, features)),
      ),
  };
}

/**
 * A dueling head's outputs as one layer: it is linear in its two hidden layers, V = hᵥ·wᵥ + bᵥ and A = hₐ·Wₐ + bₐ, so
 * V + A − mean A is one dense layer on [hᵥ, hₐ] with the mean over actions already taken from Wₐ and bₐ.
 */
function duelingLayer(value: DenseLayer, advantage: DenseLayer): DenseLayer {
  const perAction = value.outputs;
  const { outputs } = advantage;
  const actions = outputs / perAction;
  const meanFree = (row: Float32Array, plus: ArrayLike<number>): Float32Array => {
    const means = Float64Array.from({ length: perAction }, (_, i) => {
      let sum = 0;
      for (let at = i; at < outputs; at += perAction) sum += row[at];
      return sum / actions;
    });
    return row.map((x, at) => x - means[at % perAction] + plus[at % perAction]);
  };
  const zeros = new Float32Array(perAction);
  const kernel = new Float32Array((value.inputs + advantage.inputs) * outputs);
  for (let at = 0; at < value.inputs * outputs; at++) {
    kernel[at] = value.kernel[Math.floor(at / outputs) * perAction + (at % perAction)];
  }
  for (let i = 0; i < advantage.inputs; i++) {
    const row = advantage.kernel.subarray(i * outputs, (i + 1) * outputs);
    kernel.set(meanFree(row, zeros), (value.inputs + i) * outputs);
  }
  return {
    inputs: value.inputs + advantage.inputs,
    outputs,
    kernel,
    bias: meanFree(advantage.bias, value.bias),
  };
}
