import type { Random } from '@qfleet/random';

/** The index of the largest of `width` numbers from `start` on; the lowest one of a tie. */
export function argmax(values: Float32Array, start: number, width: number): number {
  let best = start;
  for (let i = start + 1; i < start + width; i++) if (values[i] > values[best]) best = i;
  return best - start;
}

/** ε-greedy choice for `rows` rows of Q(s, ·): uniform with probability `epsilons[row]`, else argmax. */
export function epsilonGreedy(
  values: Float32Array,
  rows: number,
  width: number,
  epsilons: Float32Array,
  random: Random,
  actions: Int32Array,
): void {
  for (let row = 0; row < rows; row++) {
    const epsilon = epsilons[row];
    // A greedy policy (ε = 0) draws nothing.
    actions[row] =
      epsilon > 0 && random.uniform() < epsilon ? random.integer(width) : argmax(values, row * width, width);
  }
}
