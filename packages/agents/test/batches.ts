import type { Layout, TransitionBatch } from '@qfleet/replay';

/** The numbers of a linear congruential generator, as test/reference/dqn.py draws them: exact in float32. */
export class Lcg {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  uniform(): number {
    this.#state = (Math.imul(1664525, this.#state) + 1013904223) >>> 0;
    return (this.#state >>> 8) / 0x1000000;
  }
}

/** A batch that is drawn row by row: s, a, return, discount, s′, weight. A box has values in [−1, 1). */
export function drawBatch(lcg: Lcg, layout: Layout, size: number): TransitionBatch {
  const count = layout.count;
  const width = count === undefined ? layout.shape.reduce((product, n) => product * n, 1) : 1;
  const make = (n: number) => (count === undefined ? new Float32Array(n) : new Int32Array(n));
  const batch = {
    size,
    observations: make(size * width),
    actions: new Int32Array(size),
    returns: new Float32Array(size),
    discounts: new Float32Array(size),
    nextObservations: make(size * width),
    weights: new Float32Array(size),
    columns: {},
    nextColumns: {},
    handles: new Int32Array(size),
  };
  const observe = (into: Float32Array | Int32Array, row: number) => {
    for (let i = 0; i < width; i++) {
      into[row * width + i] = count === undefined ? 2 * lcg.uniform() - 1 : lcg.integer(count);
    }
  };
  for (let row = 0; row < size; row++) {
    observe(batch.observations, row);
    batch.actions[row] = lcg.integer(layout.actions);
    batch.returns[row] = 4 * lcg.uniform() - 2;
    batch.discounts[row] = lcg.uniform() < 0.1 ? 0 : 0.9;
    observe(batch.nextObservations, row);
    batch.weights[row] = 0.25 + 0.75 * lcg.uniform();
  }
  return batch;
}
