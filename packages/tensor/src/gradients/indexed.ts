import type { GatherV2Attrs, NamedAttrMap, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../runtime.ts';
import { replaceGradient } from './replace.ts';

const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** tfjs makes an op for each row of one batch dimension, and fails on more. Without any, its own gradient stays. */
export function gatherGradient(tf: TensorFlow): void {
  const own = tf.getGradient(tf.GatherV2).gradFunc;
  replaceGradient(tf, {
    kernelName: tf.GatherV2,
    inputsToSave: ['x', 'indices'],
    gradFunc: (dy, saved, attributes: NamedAttrMap) => {
      const [x, indices] = saved as [Tensor, Tensor];
      const { axis, batchDims } = attributes as unknown as GatherV2Attrs;
      if (batchDims === 0) return own(dy, saved, attributes);
      const along = axis < 0 ? axis + x.rank : axis;
      const batched = batchDims < 0 ? batchDims + indices.rank : batchDims;
      return { x: () => sumOfPicks(tf, dy as Tensor, x.shape, indices, along, batched) };
    },
  });
}

/** The sum of the gradients of all that was gathered from each place: one op for all rows of the batch. */
function sumOfPicks(
  tf: TensorFlow,
  dy: Tensor,
  shape: number[],
  indices: Tensor,
  axis: number,
  batchDims: number,
): Tensor {
  const batch = elementsOf(shape.slice(0, batchDims));
  const outer = elementsOf(shape.slice(batchDims, axis));
  const size = shape[axis]!;
  const inner = elementsOf(shape.slice(axis + 1));
  const picks = elementsOf(indices.shape.slice(batchDims));
  const starts = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(size, 'int32'));
  const places = tf.add(tf.reshape(indices, [batch, picks]), tf.expandDims(starts, 1));
  const rows = tf.transpose(tf.reshape(dy, [batch, outer, picks, inner]), [0, 2, 1, 3]);
  const sums = tf.scatterND(
    tf.reshape(places, [batch * picks, 1]),
    tf.reshape(rows, [batch * picks, outer * inner]),
    [batch * size, outer * inner],
  );
  return tf.reshape(tf.transpose(tf.reshape(sums, [batch, size, outer, inner]), [0, 2, 1, 3]), shape);
}

/** gatherND, scatterND and tensorScatterUpdate; of places that an update names twice, each update has the gradient. */
export function scatterGradients(tf: TensorFlow): void {
  replaceGradient(tf, {
    kernelName: tf.GatherNd,
    inputsToSave: ['params', 'indices'],
    gradFunc: (dy, [params, indices]) => ({
      params: () => tf.scatterND(indices!, dy as Tensor, params!.shape),
    }),
  });
  replaceGradient(tf, {
    kernelName: tf.ScatterNd,
    inputsToSave: ['indices'],
    gradFunc: (dy, [indices]) => ({ updates: () => tf.gatherND(dy as Tensor, indices!) }),
  });
  replaceGradient(tf, {
    kernelName: tf.TensorScatterUpdate,
    inputsToSave: ['indices', 'updates'],
    gradFunc: (dy, [indices, updates]) => ({
      tensor: () => tf.tensorScatterUpdate(dy as Tensor, indices!, tf.zerosLike(updates!)),
      updates: () => tf.gatherND(dy as Tensor, indices!),
    }),
  });
}

/** The gradients of the greatest values go where these were. */
export function topKGradient(tf: TensorFlow): void {
  replaceGradient(tf, {
    kernelName: tf.TopK,
    inputsToSave: ['x'],
    outputsToSave: [false, true],
    gradFunc: (dys, [x, indices]) => ({
      x: () => {
        const [dValues] = dys as Tensor[];
        const n = x!.shape.at(-1)!;
        const rows = x!.size / n;
        const starts = tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(n, 'int32'));
        const places = tf.add(tf.reshape(indices!, [rows, -1]), tf.expandDims(starts, 1));
        const flat = tf.reshape(dValues!, [-1]) as Tensor1D;
        return tf.reshape(tf.scatterND(tf.reshape(places, [-1, 1]), flat, [x!.size]), x!.shape);
      },
    }),
  });
}
