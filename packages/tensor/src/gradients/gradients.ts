import type { CumsumAttrs, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../runtime.ts';
import { einsumGradient } from './einsum.ts';
import { gatherGradient, scatterGradients, topKGradient } from './indexed.ts';
import { batchMatMulGradient } from './mat-mul.ts';

/** Replaces those of tfjs's gradients that are wrong or unrolled, and adds those that it has none of. */
export function mendGradients(tf: TensorFlow): void {
  // tfjs transposes it where the axis is not the last one.
  tf.unregisterGradient(tf.Cumsum);
  tf.registerGradient({
    kernelName: tf.Cumsum,
    gradFunc: (dy, _saved, attributes: NamedAttrMap) => {
      const { axis, exclusive, reverse } = attributes as unknown as CumsumAttrs;
      return { x: () => tf.cumsum(dy as Tensor, axis, exclusive, !reverse) };
    },
  });
  gatherGradient(tf);
  scatterGradients(tf);
  topKGradient(tf);
  batchMatMulGradient(tf);
  einsumGradient(tf);
}
