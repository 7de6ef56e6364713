import type { InputDtype } from './types.ts';
import { elementsOf } from './values.ts';

/** An input with its shape known. */
export interface InputShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: InputDtype;
}

/** Where one input of one application lies in the packed buffer. */
export interface Slot extends InputShape {
  /** In 4-byte words. */
  readonly offset: number;
  readonly words: number;
}

/** 64 bytes: what TensorFlow aligns tensors to, so that a piece of the buffer is used where it lies. */
export const ROW_WORDS = 16;

/**
 * All inputs of a call in one buffer, one application after another, each input at a multiple of 64 bytes: a fed
 * tensor costs several µs, a piece of one is free.
 */
export function layOut(
  inputs: readonly InputShape[],
  unroll: number,
): { slots: readonly (readonly Slot[])[]; rows: number } {
  let rows = 0;
  const slots = Array.from({ length: unroll }, () =>
    inputs.map((input) => {
      const words = Math.ceil(elementsOf(input.shape) / (input.dtype === 'uint8' ? 4 : 1));
      const slot = { ...input, offset: rows * ROW_WORDS, words };
      rows += Math.max(1, Math.ceil(words / ROW_WORDS));
      return slot;
    }),
  );
  return { slots, rows: Math.max(1, rows) };
}
