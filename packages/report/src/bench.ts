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
