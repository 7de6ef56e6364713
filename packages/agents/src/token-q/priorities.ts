import type { DialogueSteps } from './dialogue-steps.ts';

/** η of the priorities of sequences (Kapturowski et al., 2019, section 2.3). */
const ETA = 0.9;

/**
 * Writes one priority for each row, η·max |δ| + (1 − η)·mean |δ| over its tokens that count, 0 for a row without one.
 *
 * @param errors [actions].
 * @returns the mean of all |δ|.
 */
export function dialoguePriorities(
  { rows, weights }: DialogueSteps,
  errors: Float32Array,
  size: number,
  out: Float32Array,
): number {
  const largest = new Float64Array(size);
  const sums = new Float64Array(size);
  const counts = new Float64Array(size);
  let [total, count] = [0, 0];
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    if (row < 0 || weights[k] === 0) continue;
    const error = Math.abs(errors[k]);
    largest[row] = Math.max(largest[row], error);
    sums[row] += error;
    counts[row]++;
    total += error;
    count++;
  }
  for (let row = 0; row < size; row++)
    out[row] = counts[row] === 0 ? 0 : ETA * largest[row] + ((1 - ETA) * sums[row]) / counts[row];
  return count === 0 ? 0 : total / count;
}
