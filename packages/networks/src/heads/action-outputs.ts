import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { Dense, Hidden } from '../layers/dense.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import type { HeadOptions } from './head.ts';

/** A vector of `perAction` numbers for each action: Q itself where it is one, else the atoms or quantiles of its distribution. */
export interface ActionOutputs {
  readonly parameters: readonly ParameterSpec[];
  /** float32 [rows, actions], or [rows, actions, perAction] where that is not 1. */
  forward(tf: TensorFlow, parameters: Parameters, features: Tensor2D): Tensor;
}

/** Such outputs by one dense layer, or as V + A − mean A of two streams. */
export function actionOutputs(options: HeadOptions, perAction: number): ActionOutputs {
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
  };
}

/** What the streams of a dueling head are made from: as `HeadOptions`. */
type DuelingOptions = Omit<HeadOptions, 'dueling'> & { readonly dueling: number };

/** The two streams of a dueling head, of which Q = V + A − mean A: the mean makes V and A identifiable (Wang et al., 2016, equation 9). */
export function duelingStreams({ width, actions, dueling, layers = {} }: DuelingOptions, perAction: number) {
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
