import { textPositions } from '@qfleet/networks';
import type { InputSpec, Inputs } from '@qfleet/tensor';

/** Texts as rows of tokens, of which each predicts the next one. */
export interface TokenBatch {
  readonly rows: number;
  /** [rows, length + 1], from 0 to the vocabulary's size − 1, also where there is padding. */
  readonly tokens: Int32Array;
  /** [rows, length + 1]: 0 for padding, on either side, which no token sees, else 1. Absent: there is none. */
  readonly mask?: Uint8Array;
  /** [rows, length + 1]: 1 for the tokens whose prediction counts, else 0. Absent: all count. Padding never does. */
  readonly counts?: Uint8Array;
}

/** The inputs of a step on batches of so many rows, of any length. */
export function tokenInputs(rows: number): Record<string, InputSpec> {
  const tokens = { shape: [rows, null], dtype: 'int32' } as const;
  return {
    ...{ ids: tokens, positions: tokens, mask: tokens },
    targets: { shape: [null], dtype: 'int32' },
    weights: { shape: [null] },
  };
}

/** Lengths to which shorter texts are padded, so that batches of all lengths share a few traces. */
const BUCKETS = [32, 64, 128, 256, 512];

/** The lengths that batches for a model are padded to: those of `BUCKETS` below its context, and that. */
export const bucketsOf = (context: number): readonly number[] => [
  ...BUCKETS.filter((length) => length < context),
  context,
];

/**
 * A batch as the inputs of a step, and how many predictions count.
 *
 * @param buckets lengths in rising order: rows are padded at their end to the first that holds them.
 * @throws RangeError where none does.
 */
export function tokensOf(
  { rows, tokens, mask, counts }: TokenBatch,
  buckets: readonly number[],
): { inputs: Inputs; targets: number } {
  const whole = tokens.length / rows;
  const given = whole - 1;
  const length = buckets.find((each) => each >= given);
  if (length === undefined)
    throw new RangeError(
      `a batch has texts of ${given} tokens, and the model takes ${buckets.at(-1)} at most`,
    );
  const ids = new Int32Array(rows * length);
  const seen = new Int32Array(rows * length);
  const targets = new Int32Array(rows * length);
  const weights = new Float32Array(rows * length);
  let counted = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < given; i++) {
      const [from, to] = [row * whole + i, row * length + i];
      ids[to] = tokens[from];
      targets[to] = tokens[from + 1];
      seen[to] = mask?.[from] ?? 1;
      const isReal = seen[to] === 1 && (mask?.[from + 1] ?? 1) === 1;
      weights[to] = isReal && (counts?.[from + 1] ?? 1) === 1 ? 1 : 0;
      counted += weights[to];
    }
  }
  return {
    inputs: { ids, positions: textPositions(seen, rows), mask: seen, targets, weights },
    targets: counted,
  };
}
