/** One line of `qfleet doctor`. */
export interface Finding {
  readonly name: string;
  /** `warning`: Qfleet runs, but slower or with less. `missing`: something does not run at all. */
  readonly status: 'ok' | 'warning' | 'missing';
  /** What was found. */
  readonly found: string;
  /** What to do about it; null where there is nothing to do. */
  readonly advice: string | null;
}

export const ok = (name: string, found: string): Finding => ({ name, status: 'ok', found, advice: null });
