import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';

/**
 * The maximum of each cell of a grid [side, side] over an image, as PyTorch's `adaptive_max_pool2d` has it: cell i of an axis
 * of n goes from ⌊i·n/side⌋ up to, and without, ⌈(i + 1)·n/side⌉, so that cells may overlap.
 *
 * Rows and columns are repeated until all cells are windows of one size beside each other, of which there is a pooling
 * operation. Its gradient goes to the first of equal maxima, as PyTorch's does.
 */
export function adaptiveMaxPool(tf: TensorFlow, x: Tensor4D, side: number): Tensor4D {
  const [rows, columns] = [cellsOf(x.shape[1], side), cellsOf(x.shape[2], side)];
  const along = (image: Tensor4D, { places }: Cells, axis: number): Tensor4D =>
    tf.gather(image, tf.tensor1d(places, 'int32') as Tensor1D, axis);
  const size: [number, number] = [rows.size, columns.size];
  return tf.maxPool(along(along(x, rows, 1), columns, 2), size, size, 'valid');
}

/** The places of an axis, cell after cell, each cell with `size` of them. */
interface Cells {
  readonly size: number;
  readonly places: number[];
}

function cellsOf(length: number, side: number): Cells {
  const cells = Array.from({ length: side }, (_, i) => {
    const first = Math.floor((i * length) / side);
    return { first, last: Math.ceil(((i + 1) * length) / side) - 1 };
  });
  const size = Math.max(...cells.map(({ first, last }) => last - first + 1));
  // A smaller cell has its last place more than once, which changes no maximum.
  const places = cells.flatMap(({ first, last }) =>
    Array.from({ length: size }, (_, i) => Math.min(first + i, last)),
  );
  return { size, places };
}
