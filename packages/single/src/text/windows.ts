import type { TokenBatch } from '@qfleet/agents';
import { Random } from '@qfleet/random';

/** The size of a batch: rows of `length` tokens, each of which predicts the next. */
export interface BatchSize {
  readonly rows: number;
  readonly length: number;
}

/**
 * A batch of windows at random places of a text: a function of its arguments alone.
 *
 * @param tokens more than `length`.
 */
export function randomWindows(
  tokens: Int32Array,
  { rows, length }: BatchSize,
  seed: number,
  updates: number,
): TokenBatch {
  const random = new Random(Random.seed(seed, `windows of update ${updates + 1}`));
  const batch = new Int32Array(rows * (length + 1));
  for (let row = 0; row < rows; row++) {
    const start = random.integer(tokens.length - length);
    batch.set(tokens.subarray(start, start + length + 1), row * (length + 1));
  }
  return { rows, tokens: batch };
}

/** The whole of a text in batches: each token but the first is predicted once, from those before it in its window. */
export function* allWindows(tokens: Int32Array, { rows, length }: BatchSize): Generator<TokenBatch> {
  const whole = length + 1;
  for (let start = 0; start < tokens.length - 1; start += rows * length) {
    const batch = new Int32Array(rows * whole);
    const mask = new Uint8Array(rows * whole);
    for (let row = 0; row < rows; row++) {
      const from = Math.min(start + row * length, tokens.length);
      const window = tokens.subarray(from, from + whole);
      batch.set(window, row * whole);
      mask.fill(1, row * whole, row * whole + window.length);
    }
    yield { rows, tokens: batch, mask };
  }
}
