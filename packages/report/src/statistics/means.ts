/** The arithmetic mean of at least one value. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard error of the mean: the sample standard deviation, of n − 1, over √n; null below two values. */
export function standardError(values: readonly number[]): number | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}

/**
 * The interquartile mean (Agarwal et al., 2021): of all values the mean of the middle half, where ⌊n/4⌋ of the lowest
 * and as many of the highest are left out. The same as SciPy's `trim_mean(values, 0.25)`, which `rliable` takes.
 */
export function interquartileMean(values: readonly number[]): number {
  const cut = Math.floor(values.length / 4);
  return meanOf([...values].sort((a, b) => a - b).slice(cut, values.length - cut));
}

/** A quantile, linear between the values next to it, as NumPy's `quantile` by default. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
