import type { Random } from '@qfleet/random';

/**
 * The index of the largest of `width` numbers from `start` on; the lowest one of a tie.
 *
 * @param masks what may be taken: only a number whose mask, from `from` on, is not 0 counts, and there is one.
 *   Null: all count.
 */
export function argmax(
  values: Float32Array,
  start: number,
  width: number,
  masks: Uint8Array | null = null,
  from = start,
): number {
  let best = masks === null ? 0 : firstAllowed(masks, from);
  for (let i = best + 1; i < width; i++) {
    if (values[start + i] > values[start + best] && (masks === null || masks[from + i] !== 0)) best = i;
  }
  return best;
}

/** One of `width` actions, each that the mask from `from` on allows as likely as another. */
export function uniformAction(width: number, random: Random, masks: Uint8Array | null, from: number): number {
  if (masks === null) return random.integer(width);
  let allowed = 0;
  for (let i = 0; i < width; i++) if (masks[from + i] !== 0) allowed++;
  let left = random.integer(allowed);
  let action = firstAllowed(masks, from);
  while (left > 0) if (masks[from + ++action] !== 0) left--;
  return action;
}

function firstAllowed(masks: Uint8Array, from: number): number {
  let first = 0;
  while (masks[from + first] === 0) first++;
  return first;
}
