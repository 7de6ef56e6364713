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
}

/** Rows of the packed buffer that belong together: those of one tensor, or one of up to `ROW_WORDS` scalars. */
export interface Piece {
  readonly rows: number;
  readonly slots: readonly Slot[];
}

/** 64 bytes: what TensorFlow aligns tensors to, so that a piece of the buffer is used where it lies. */
export const ROW_WORDS = 16;

/**
 * All inputs of a call in one buffer, one application after another, each tensor at a multiple of 64 bytes and the
 * scalars side by side: a fed tensor costs several µs, a piece of one is free, and so is one of 16 scalars.
 */
export function layOut(
  inputs: readonly InputShape[],
  unroll: number,
): { applications: readonly (readonly Piece[])[]; rows: number } {
  const scalars = inputs.filter(isScalar);
  const tensors = inputs.filter((each) => !isScalar(each));
  let rows = 0;
  const applications = Array.from({ length: unroll }, () => {
    const pieces: Piece[] = [];
    const add = (slots: readonly Slot[], size: number) => {
      pieces.push({ rows: size, slots });
      rows += size;
    };
    for (const tensor of tensors) {
      const words = elementsOf(tensor.shape) / (tensor.dtype === 'uint8' ? 4 : 1);
      add([{ ...tensor, offset: rows * ROW_WORDS }], Math.max(1, Math.ceil(words / ROW_WORDS)));
    }
    for (let i = 0; i < scalars.length; i += ROW_WORDS) {
      const row = scalars.slice(i, i + ROW_WORDS);
      add(
        row.map((scalar, j) => ({ ...scalar, offset: rows * ROW_WORDS + j })),
        1,
      );
    }
    return pieces;
  });
  return { applications, rows: Math.max(1, rows) };
}

/** Whether an input is one of a row's words. A byte takes a row to itself. */
export function isScalar({ shape, dtype }: InputShape): boolean {
  return shape.length === 0 && dtype !== 'uint8';
}
