import type { Random } from '@qfleet/random';

/** The index of the largest of `width` numbers from `start` on; the lowest one of a tie. */
export function argmax(values: Float32Array, start: number, width: number): number {
  let best = start;
  for (let i = start + 1; i < start + width; i++) if (values[i] > values[best]) best = i;
  return best - start;
}

/** As `argmax`, among the actions whose mask is not 0: there is at least one. */
function maskedArgmax(values: Float32Array, masks: Uint8Array, start: number, width: number): number {
  let best = -1;
  for (let i = start; i < start + width; i++) {
    if (masks[i] !== 0 && (best < 0 || values[i] > values[best])) best = i;
  }
  return best - start;
}

/**
 * ε-greedy choice for `rows` rows of Q(s, ·): uniform with probability `epsilons[row]`, else argmax.
 *
 * @param masks [rows, width]: 0 for what must not be chosen; absent: everything may be.
 */
export function epsilonGreedy(
  values: Float32Array,
  rows: number,
  width: number,
  epsilons: Float32Array,
  random: Random,
  actions: Int32Array,
  masks?: Uint8Array,
): void {
  for (let row = 0; row < rows; row++) {
    const epsilon = epsilons[row];
    const start = row * width;
    // A greedy policy (ε = 0) draws nothing.
    const explores = epsilon > 0 && random.uniform() < epsilon;
    if (masks !== undefined) {
      actions[row] = explores
        ? uniformAllowed(masks, start, width, random)
        : maskedArgmax(values, masks, start, width);
    } else actions[row] = explores ? random.integer(width) : argmax(values, start, width);
  }
}

/** One of the actions whose mask is not 0, each as likely as another. */
function uniformAllowed(masks: Uint8Array, start: number, width: number, random: Random): number {
  let allowed = 0;
  for (let i = start; i < start + width; i++) if (masks[i] !== 0) allowed++;
  let left = random.integer(allowed);
  let action = 0;
  while (masks[start + action] === 0 || left-- > 0) action++;
  return action;
}
