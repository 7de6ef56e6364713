/**
 * One priority for each sequence, η·max |δ| + (1 − η)·mean |δ| over its steps (Kapturowski et al., 2019, section 2.3).
 *
 * @param errors [rows, steps].
 * @param valid [rows, steps]: 1 where a step counts, else 0.
 * @param out [rows]; 0 for a row without a step.
 */
export function sequencePriorities(
  errors: Float32Array,
  valid: Float32Array,
  steps: number,
  eta: number,
  out: Float32Array,
): void {
  for (let row = 0; row < out.length; row++) {
    let [largest, sum, count] = [0, 0, 0];
    for (let i = row * steps; i < (row + 1) * steps; i++) {
      if (valid[i] === 0) continue;
      const error = Math.abs(errors[i]);
      if (error > largest) largest = error;
      sum += error;
      count++;
    }
    out[row] = count === 0 ? 0 : eta * largest + ((1 - eta) * sum) / count;
  }
}
