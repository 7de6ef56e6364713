/**
 * The probability that two samples of one continuous distribution lie at least as far apart as these do: the two-sample
 * Kolmogorov–Smirnov test, by Stephens' approximation (1970).
 */
export function sameDistribution(a: readonly number[], b: readonly number[]): number {
  const x = [...a].sort((p, q) => p - q);
  const y = [...b].sort((p, q) => p - q);
  let furthest = 0;
  for (let i = 0, j = 0; i < x.length && j < y.length; ) {
    const at = Math.min(x[i], y[j]);
    while (x[i] === at) i++;
    while (y[j] === at) j++;
    furthest = Math.max(furthest, Math.abs(i / x.length - j / y.length));
  }
  const root = Math.sqrt((x.length * y.length) / (x.length + y.length));
  const λ = (root + 0.12 + 0.11 / root) * furthest;
  // The series converges slowly where the probability is 1 but for rounding.
  if (λ < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += 2 * (-1) ** (k - 1) * Math.exp(-2 * (k * λ) ** 2);
  return sum;
}
