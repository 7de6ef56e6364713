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

/** A value in JSON, cut where it is long. */
function shown(value: unknown): string {
  const text = Array.isArray(value)
    ? `[${value.map((each) => (typeof each === 'number' ? String(each) : JSON.stringify(each))).join(',')}]`
    : JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
