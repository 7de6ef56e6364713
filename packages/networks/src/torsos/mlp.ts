import { inputSize, type StateSpec } from '@qfleet/spaces';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { HiddenLayers, type LayerOptions } from '../layers/dense.ts';
import { oneHot } from '../one-hot.ts';
import type { Torso } from './torso.ts';

/** A multilayer perceptron on the flattened state; a Discrete observation enters one-hot. */
export function mlpTorso(spec: StateSpec, hidden: readonly number[], options: LayerOptions = {}): Torso {
  const layers = new HiddenLayers(inputSize(spec), hidden, options);
  return {
    parameters: layers.parameters,
    width: layers.width,
    forward: (tf, parameters, states) => layers.forward(tf, parameters, numbersOf(tf, spec, states)),
    layers: (tensors) => ({ convolution: null, dense: layers.layers(tensors) }),
  };
}

/** float32 [rows, inputSize]. */
function numbersOf(tf: TensorFlow, spec: StateSpec, states: Tensor): Tensor2D {
  const size = inputSize(spec);
  if (spec.count === undefined) return tf.cast(tf.reshape(states, [-1, size]), 'float32') as Tensor2D;
  const frames = oneHot(tf, tf.reshape(states, [-1]), spec.count);
  return size === spec.count ? frames : tf.reshape(frames, [-1, size]);
}
