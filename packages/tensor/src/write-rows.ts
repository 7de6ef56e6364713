import type { Tensor } from '@tensorflow/tfjs-core';
import { recordFusion } from './compile/trace.ts';
import type { TensorFlow } from './runtime.ts';

/**
 * A memory with some of its rows replaced: `memory` [n, …row], float32, with `rows` [k, …row] at `indices` [k], int32,
 * each in [0, n) and none twice. In a compiled function whose state the memory is, and which returns the result as that
 * entry's new value, the rows are written where they lie: a call costs k rows, not n. Rows are read at the same price by
 * `tf.gather(memory, indices)`; any other use of such a memory copies it.
 *
 * @throws Error When shapes or dtypes do not fit.
 */
export function writeRows(tf: TensorFlow, memory: Tensor, indices: Tensor, rows: Tensor): Tensor {
  const [k] = indices.shape;
  const fits = [k, ...memory.shape.slice(1)].join() === rows.shape.join();
  if (memory.rank < 1 || indices.rank !== 1 || !fits) {
    throw new Error(
      `rows of shape [${rows.shape}] at indices of shape [${indices.shape}] can't be written to a memory of shape ` +
        `[${memory.shape}]: it takes [k, ${memory.shape.slice(1).join(', ')}] at [k]`,
    );
  }
  if (memory.dtype !== 'float32' || rows.dtype !== 'float32' || indices.dtype !== 'int32') {
    throw new Error(
      `a memory and its rows are float32 and their indices int32, not ${memory.dtype}, ${rows.dtype}, ${indices.dtype}`,
    );
  }
  // tfjs's own op has no gradient.
  const write = tf.customGrad((...inputs) => {
    const [before, written] = inputs as unknown as [Tensor, Tensor];
    const value = scatter(tf, before, indices, written);
    recordFusion('WriteRows', [before, indices, written], [value], {});
    return {
      value,
      gradFunc: (dy: Tensor) => [scatter(tf, dy, indices, tf.zerosLike(written)), tf.gather(dy, indices)],
    };
  });
  return write(memory, rows);
}

const scatter = (tf: TensorFlow, memory: Tensor, indices: Tensor, rows: Tensor): Tensor =>
  tf.tensorScatterUpdate(memory, tf.expandDims(indices, 1), rows);
