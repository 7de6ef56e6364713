import type { CumsumAttrs, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './runtime.ts';

/** Replaces those of tfjs's gradients that are wrong. */
export function mendGradients(tf: TensorFlow): void {
  // tfjs transposes it where the axis is not the last one.
  tf.unregisterGradient(tf.Cumsum);
  tf.registerGradient({
    kernelName: tf.Cumsum,
    gradFunc: (dy, _saved, attributes: NamedAttrMap) => {
      const { axis, exclusive, reverse } = attributes as unknown as CumsumAttrs;
      return { x: () => tf.cumsum(dy as never, axis, exclusive, !reverse) };
    },
  });
}
