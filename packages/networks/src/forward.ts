import type { NetworkConfig } from '@qfleet/config';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { convolve } from './convolutions.ts';
import { inputSize, type Signature } from './signature.ts';

/** A network's parameters as tensors, by the names of `parameterSpecs`. */
export type Parameters = Readonly<Record<string, Tensor>>;

/**
 * Q(s, ·) of a batch: a pure function of tensors, which differentiates, traces and runs on any backend.
 *
 * @param tf the library instance that the parameters belong to; passed so that nothing here loads one.
 * @param observations [rows, …observationShape] or [rows, frames, …observationShape], of the signature's dtype (uint8 as int32: tfjs has no uint8).
 * @returns float32 [rows, actions].
 */
export function forward(
  tf: TensorFlow,
  config: NetworkConfig,
  signature: Signature,
  parameters: Parameters,
  observations: Tensor,
): Tensor2D {
  const dense = (name: string, x: Tensor2D): Tensor2D =>
    tf.add(tf.matMul(x, parameters[`${name}/kernel`] as Tensor2D), parameters[`${name}/bias`]);
  const hidden = (name: string, x: Tensor2D): Tensor2D => tf.relu(dense(name, x));

  let x =
    config.kind === 'nature-cnn'
      ? convolve(tf, signature, parameters, observations)
      : features(tf, signature, observations);
  const shared = config.hidden.length - (config.dueling ? 1 : 0);
  for (let i = 0; i < shared; i++) x = hidden(`hidden${i}`, x);
  if (!config.dueling) return dense('output', x);

  // Q = V + A − mean A: the mean makes V and A identifiable (Wang et al., 2016, equation 9).
  const value = dense('value/output', hidden('value/hidden', x));
  const advantage = dense('advantage/output', hidden('advantage/hidden', x));
  return tf.add(value, tf.sub(advantage, tf.mean(advantage, 1, true)));
}

function features(tf: TensorFlow, signature: Signature, observations: Tensor): Tensor2D {
  const size = inputSize(signature);
  const count = signature.observationCount;
  if (count !== undefined) {
    const frames = oneHot(tf, tf.reshape(observations, [-1]), count);
    return size === count ? frames : tf.reshape(frames, [-1, size]);
  }
  return tf.cast(tf.reshape(observations, [-1, size]), 'float32') as Tensor2D;
}

/**
 * float32 [rows, depth] with a 1 in each row at the column that `indices` [rows] names.
 * Other than tfjs's own it takes a depth of 1, and indices of any dtype.
 */
export function oneHot(tf: TensorFlow, indices: Tensor, depth: number): Tensor2D {
  const integers = tf.cast(indices, 'int32') as Tensor1D;
  // Cast afterwards: tfjs's WASM writes integers whatever dtype it is asked for.
  const columns = depth > 1 ? tf.oneHot(integers, depth) : tf.equal(tf.expandDims(integers, 1), 0);
  return tf.cast(columns, 'float32') as Tensor2D;
}
