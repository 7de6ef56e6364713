import type { Tensor } from '@tensorflow/tfjs-core';
import type { NodeBackend } from './binding.ts';
import type { TensorFlow } from './runtime.ts';

/**
 * Standard normal numbers as a pure function of a seed, an int32 tensor of two values: the same seed, the same
 * numbers. In a compiled function the seed is an input, so that every call draws anew; tfjs's own random functions
 * draw in JavaScript, once, when the function is traced. Float32 of the given shape.
 */
export function randomNormal(tf: TensorFlow, shape: readonly number[], seed: Tensor): Tensor {
  const native = stateless(tf, 'StatelessRandomNormal', shape, seed);
  return native ?? tf.randomNormal([...shape], 0, 1, 'float32', combine(seed));
}

/** Uniform numbers in [0, 1) as a pure function of a seed; as `randomNormal`. */
export function randomUniform(tf: TensorFlow, shape: readonly number[], seed: Tensor): Tensor {
  const native = stateless(tf, 'StatelessRandomUniform', shape, seed);
  return native ?? tf.randomUniform([...shape], 0, 1, 'float32', combine(seed));
}

/** Runs one of TensorFlow's stateless random ops (Philox, keyed by the seed); null where tfjs-node does not run. */
function stateless(tf: TensorFlow, op: string, shape: readonly number[], seed: Tensor): Tensor | null {
  if (seed.dtype !== 'int32' || seed.size !== 2) {
    throw new Error(`a seed is an int32 tensor of two values, not ${seed.dtype} [${seed.shape}]`);
  }
  if (tf.getBackend() !== 'tensorflow') return null;
  const backend = tf.backend() as unknown as NodeBackend;
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = backend.binding;
  const attributes = [
    { name: 'dtype', type, value: TF_FLOAT },
    { name: 'T', type, value: TF_INT32 },
    { name: 'Tseed', type, value: TF_INT32 },
  ];
  return backend.executeSingleOutput(op, attributes, [tf.tensor1d([...shape], 'int32'), seed]);
}

/** One number for tfjs's generators, which take no two. */
function combine(seed: Tensor): number {
  const [a, b] = seed.dataSync();
  // Not zero, which tfjs takes for no seed.
  return ((Math.imul(a!, 0x9e3779b1) ^ b!) | 0) + 0.5;
}
