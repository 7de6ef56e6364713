import type { Tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../named-tensors.ts';
import type { TensorFlow } from '../runtime.ts';
import type { InputShape } from './layout.ts';
import type { Inputs } from './types.ts';

/** A state as tfjs tensors over the given arrays. */
export function stateTensors(tf: TensorFlow, state: NamedTensors): Record<string, Tensor> {
  return Object.fromEntries([...state].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
}

/** The inputs of one application as tensors of their own. */
export function inputTensors(
  tf: TensorFlow,
  shapes: readonly InputShape[],
  given: Inputs,
): Record<string, Tensor> {
  return Object.fromEntries(
    shapes.map(({ name, shape, dtype }) => {
      const value = given[name]!;
      return [name, tf.tensor(own(value, dtype), [...shape], dtype === 'float32' ? 'float32' : 'int32')];
    }),
  );
}

/** A copy of an input, as tfjs takes it. */
function own(value: Inputs[string], dtype: InputShape['dtype']): number[] | Float32Array | Int32Array {
  if (typeof value === 'number') return [value];
  if (dtype === 'uint8') return Int32Array.from(value);
  return value instanceof Float16Array
    ? Float32Array.from(value)
    : (value.slice() as Float32Array | Int32Array);
}
