import type { Frame } from '@qfleet/envs';

/** What an output pixel takes of the input along one side: from `first` on, these parts, which sum to 1. */
interface Span {
  readonly first: number;
  readonly parts: readonly number[];
}

/** Scales a frame to a size by averaging areas. @returns RGBA, row by row, all of it opaque. */
export function scaleFrame({ width, height, pixels }: Frame, columns: number, rows: number): Uint8Array {
  const across = spans(width, columns);
  const down = spans(height, rows);
  const scaled = new Uint8Array(4 * columns * rows).fill(255);
  // [height, columns, 3]: first along the rows.
  const narrow = new Float64Array(3 * columns * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (const { first, parts } of across) {
      for (let channel = 0; channel < 3; channel++, at++) {
        let sum = 0;
        for (let i = 0; i < parts.length; i++)
          sum += parts[i] * pixels[3 * (y * width + first + i) + channel];
        narrow[at] = sum;
      }
    }
  }
  down.forEach(({ first, parts }, y) => {
    for (let x = 0; x < columns; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = 0; i < parts.length; i++)
          sum += parts[i] * narrow[3 * ((first + i) * columns + x) + channel];
        scaled[4 * (y * columns + x) + channel] = Math.round(sum);
      }
    }
  });
  return scaled;
}

/** How `to` pixels cover `from`. */
function spans(from: number, to: number): Span[] {
  const size = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * size, Math.min(from, (i + 1) * size)];
    const first = Math.floor(start);
    const last = Math.max(first + 1, Math.ceil(end - 1e-9));
    const parts = Array.from(
      { length: Math.min(last, from) - first },
      (_, at) => Math.min(end, first + at + 1) - Math.max(start, first + at),
    );
    const sum = parts.reduce((total, part) => total + part, 0);
    return { first, parts: parts.map((part) => part / sum) };
  });
}
