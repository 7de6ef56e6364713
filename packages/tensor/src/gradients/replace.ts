import type { GradConfig } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../runtime.ts';

/** Registers a gradient in place of the one that there may be. */
export function replaceGradient(tf: TensorFlow, config: GradConfig): void {
  if (tf.getGradient(config.kernelName) !== undefined) tf.unregisterGradient(config.kernelName);
  tf.registerGradient(config);
}
