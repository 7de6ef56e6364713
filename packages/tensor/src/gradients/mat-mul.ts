import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../runtime.ts';
import { replaceGradient } from './replace.ts';

/** tfjs's own gradient, summed over the batch dimensions along which a matrix was broadcast: tfjs forgets these. */
export function batchMatMulGradient(tf: TensorFlow): void {
  const own = tf.getGradient(tf.BatchMatMul).gradFunc;
  replaceGradient(tf, {
    kernelName: tf.BatchMatMul,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved, attributes) => {
      const whole = own(dy, saved, attributes);
      const [a, b] = saved as [Tensor, Tensor];
      return { a: () => sumTo(tf, whole['a']!(), a.shape), b: () => sumTo(tf, whole['b']!(), b.shape) };
    },
  });
}

/** The sum over the axes along which a tensor of this shape was broadcast. */
function sumTo(tf: TensorFlow, x: Tensor, shape: number[]): Tensor {
  const added = x.rank - shape.length;
  const axes = Array.from(x.shape.keys()).filter(
    (axis) => axis < added || (shape[axis - added] === 1 && x.shape[axis] !== 1),
  );
  return axes.length === 0 ? x : tf.reshape(tf.sum(x, axes), shape);
}
