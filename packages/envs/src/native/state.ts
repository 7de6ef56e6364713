/** A copy of `state` when it is `length` finite numbers. */
export function takeState(state: readonly number[], length: number): number[] {
  if (state.length !== length || !state.every(Number.isFinite)) {
    throw new RangeError(`A state has ${length} finite numbers, not ${JSON.stringify(state)}.`);
  }
  return [...state];
}
