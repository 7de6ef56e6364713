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
      const own =
        typeof value === 'number' ? [value] : dtype === 'uint8' ? Int32Array.from(value) : value.slice();
      return [name, tf.tensor(own, [...shape], dtype === 'float32' ? 'float32' : 'int32')];
    }),
  );
}
