/**
 * What a χ² statistic of so many degrees of freedom exceeds once in a million times (Wilson and Hilferty's
 * approximation, 1931).
 */
export function chiSquareBound(degrees: number): number {
  const z = 4.753;
  const variance = 2 / (9 * degrees);
  return degrees * (1 - variance + z * Math.sqrt(variance)) ** 3;
}
