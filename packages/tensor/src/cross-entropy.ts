import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { NodeBackend } from './binding.ts';
import type { TensorFlow } from './runtime.ts';

/** TensorFlow's op: the losses, and their gradients to the logits beside them. */
const FUSED = 'SparseSoftmaxCrossEntropyWithLogits';

/**
 * The cross-entropy of softmax(logits) and a class for each row: log Σⱼ exp(logitsⱼ) − logits_label. On libtensorflow one
 * op computes it with its gradient.
 *
 * @param logits float32 [rows, classes].
 * @param labels int32 [rows], each in [0, classes).
 * @returns float32 [rows].
 */
export function crossEntropy(tf: TensorFlow, logits: Tensor2D, labels: Tensor1D): Tensor1D {
  if (tf.getKernel(FUSED, tf.getBackend()) !== undefined) {
    const [losses] = tf.engine().runKernel(FUSED, { logits, labels }) as Tensor[];
    return losses as Tensor1D;
  }
  const taken = tf.oneHot(labels, logits.shape[1]);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), taken), 1));
}

/** Gives tfjs the op, on libtensorflow. */
export function useFusedCrossEntropy(tf: TensorFlow): void {
  tf.registerKernel({
    kernelName: FUSED,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, backend }) => {
      const native = backend as unknown as NodeBackend;
      const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = native.binding;
      const attributes = [
        { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
        { name: 'Tlabels', type: TF_ATTR_TYPE, value: TF_INT32 },
      ];
      return native.executeMultipleOutputs(FUSED, attributes, [inputs['logits']!, inputs['labels']!], 2);
    },
  });
  tf.registerGradient({
    kernelName: FUSED,
    outputsToSave: [false, true],
    gradFunc: (dys, [towardsLogits]) => ({
      logits: () => tf.mul(towardsLogits!, tf.expandDims((dys as Tensor[])[0]!, 1)),
    }),
  });
}
