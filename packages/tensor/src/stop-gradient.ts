import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './runtime.ts';

/** The tensor as it is, through which no gradient flows: to whatever it depends on, its gradient is 0. */
export function stopGradient(tf: TensorFlow, x: Tensor): Tensor {
  const stop = tf.customGrad((...inputs) => {
    const [input] = inputs as unknown as [Tensor];
    return { value: tf.clone(input), gradFunc: (dy: Tensor) => tf.zerosLike(dy) };
  });
  return stop(x);
}
