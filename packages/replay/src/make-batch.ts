import type { Batch } from './batch.ts';
import type { Layout } from './chunk.ts';
import { makeObservations, observationSize } from './layout.ts';

/** A batch of `size` rows for observations of `layout`, each of `frameStack` frames. */
export function makeBatch(size: number, layout: Layout, frameStack = 1): Batch {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`A batch has a whole number of rows from 1 up, not ${size}.`);
  const elements = size * frameStack * observationSize(layout);
  return {
    size,
    observations: makeObservations(layout.observationDType, elements),
    actions: new Int32Array(size),
    returns: new Float32Array(size),
    discounts: new Float32Array(size),
    nextObservations: makeObservations(layout.observationDType, elements),
    weights: new Float32Array(size).fill(1),
    leaves: new Int32Array(size),
  };
}
