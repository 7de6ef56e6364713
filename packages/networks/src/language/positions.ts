/**
 * The place of each token in its text, which begins at its first real token and ends with its last one. Padding has the place
 * of the real token next to it.
 *
 * @param mask [rows, length]: 0 for padding, else 1.
 * @returns [rows, length].
 */
export function textPositions(mask: Int32Array, rows: number): Int32Array {
  const length = mask.length / rows;
  const positions = new Int32Array(mask.length);
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    const real = mask.subarray(start, start + length);
    const first = Math.max(0, real.indexOf(1));
    const last = real.lastIndexOf(1);
    for (let i = first; i < length; i++) positions[start + i] = Math.max(0, Math.min(i, last) - first);
  }
  return positions;
}
