/**
 * One figure of `qfleet bench`, held against something that we did not write or a limit measured in the same run.
 * `ratio` is better above 1, whatever the unit.
 */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The peer with its version, or the limit; null: nothing to hold it against here. */
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
  /** The ratio that is to be reached at least, where one was set. */
  readonly goal?: number;
}

/**
 * One figure as a row, with the ratio to its reference where there is one.
 * @param sense 1 where more is better, −1 where less is.
 */
export function benchRow(
  name: string,
  value: number,
  unit: string,
  reference?: string,
  referenceValue?: number,
  sense: 1 | -1 = 1,
): BenchRow {
  if (reference === undefined || referenceValue === undefined)
    return { name, value, unit, reference: null, referenceValue: null, ratio: null };
  return { name, value, unit, reference, referenceValue, ratio: (value / referenceValue) ** sense };
}
