import { elementName, isFloating, type ObservationArray, type Space } from '@qfleet/spaces';

/** What is wrong with a mask that has no 1. */
export const NO_ACTION = 'the mask allows no action: it must allow one at least.';

/**
 * What is wrong with the observation of `size` elements that begins at element `start`: NaN, infinity, or an integer that is
 * not of a Discrete. Null: nothing.
 */
export function observationProblem(
  space: Space,
  observations: ObservationArray,
  start: number,
  size: number,
): string | null {
  if (space.kind === 'discrete') {
    const value = observations[start];
    if (value >= 0 && value < space.n) return null;
    return `observation ${value} is outside the observation space (the integers 0 to ${space.n - 1}).`;
  }
  if (!isFloating(space.dtype)) return null;
  for (let i = 0; i < size; i++) {
    const value = observations[start + i];
    if (!Number.isFinite(value)) {
      return `${elementName(i, space.parts)} is ${value}: it must be a finite ${space.dtype}.`;
    }
  }
  return null;
}
