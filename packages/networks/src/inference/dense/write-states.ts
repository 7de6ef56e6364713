import { type StateSpec, stateSize } from '@qfleet/spaces';
import type { Scaling } from '../../normalizer.ts';
import type { DenseStack } from './dense-stack.ts';

/**
 * Writes the numbers of `rows` states, from state `first` on, into a stack's input: Discrete observations one-hot.
 *
 * @param scaling of their numbers; null: they enter as they are.
 * @throws RangeError when a Discrete observation is not one of its space.
 */
export function writeStates(
  spec: StateSpec,
  states: ArrayLike<number>,
  first: number,
  rows: number,
  stack: DenseStack,
  scaling: Scaling | null,
): void {
  const width = stateSize(spec);
  if (spec.count !== undefined) oneHot(states, first * width, rows, width, spec.count, stack);
  else if (scaling !== null) scale(scaling, states, first * width, rows, width, stack);
  else copy(states, first * width, rows, width, stack);
}

function copy(from: ArrayLike<number>, start: number, rows: number, width: number, to: DenseStack): void {
  const { input, stride } = to;
  // Faster than subarray().set() for the few elements of a small observation.
  for (let row = 0; row < rows; row++) {
    const [source, target] = [start + row * width, row * stride];
    for (let i = 0; i < width; i++) input[target + i] = from[source + i];
  }
}

function scale(
  scaling: Scaling,
  from: ArrayLike<number>,
  start: number,
  rows: number,
  width: number,
  { input, stride }: DenseStack,
): void {
  for (let row = 0; row < rows; row++) scaling(from, start + row * width, input, row * stride, width);
}

/** `width` states a row, each one-hot, side by side. */
function oneHot(
  from: ArrayLike<number>,
  start: number,
  rows: number,
  width: number,
  count: number,
  to: DenseStack,
): void {
  const { input, stride } = to;
  input.fill(0, 0, rows * stride);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const state = from[start + row * width + i];
      if (!(state >= 0 && state < count)) {
        throw new RangeError(`Observation ${state} is not a state: they are 0 to ${count - 1}.`);
      }
      input[row * stride + i * count + state] = 1;
    }
  }
}
