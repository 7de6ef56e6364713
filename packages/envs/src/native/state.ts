/**
 * A copy of `state` when it is `length` finite numbers.
 * @throws RangeError where it is not.
 */
export function takeState(state: unknown, length: number): number[] {
  if (!Array.isArray(state) || state.length !== length || !state.every(Number.isFinite)) {
    throw new RangeError(`A state has ${length} finite numbers, not ${shown(state)}.`);
  }
  return [...state];
}

/**
 * The index that `state` holds alone, below `count`.
 * @throws RangeError where it is none.
 */
export function takeIndex(state: unknown, count: number): number {
  const [index] = takeState(state, 1);
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`A state is an integer from 0 to ${count - 1}, not ${index}.`);
}

/** A value in JSON, cut where it is long. */
function shown(value: unknown): string {
  const text = Array.isArray(value)
    ? `[${value.map((each) => (typeof each === 'number' ? String(each) : JSON.stringify(each))).join(',')}]`
    : JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
