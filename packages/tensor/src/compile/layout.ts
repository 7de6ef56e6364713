import type { InputDtype } from './types.ts';
import { elementsOf } from './values.ts';

/** An input with its shape known. */
export interface InputShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: InputDtype;
}

/**
 * The inputs of one shape and dtype, side by side in the packed buffer: those of the first application in the order of
 * `names`, then those of the next.
 */
export interface Block extends Omit<InputShape, 'name'> {
  readonly names: readonly string[];
  /** The first row, and how many. */
  readonly row: number;
  readonly rows: number;
  /** 4-byte words from one tensor to the next. */
  readonly words: number;
}

/** 64 bytes: what TensorFlow aligns tensors to, so that a part of the buffer is used where it lies. */
export const ROW_WORDS = 16;

const rowsOf = (words: number) => Math.ceil(words / ROW_WORDS);

/**
 * All inputs of a call in one buffer: a fed tensor costs several µs, a part of one is free. Alike inputs lie in one
 * block, which one op takes apart for all applications. A tensor of more than a row takes whole rows, so that it is
 * used where it lies; smaller ones are packed tightly, and copied.
 */
export function layOut(inputs: readonly InputShape[], unroll: number): { blocks: Block[]; rows: number } {
  const groups = Map.groupBy(inputs, ({ shape, dtype }) => `${dtype} ${shape}`);
  let row = 0;
  const blocks = [...groups.values()].map((group): Block => {
    const { shape, dtype } = group[0]!;
    const least = Math.max(1, Math.ceil(elementsOf(shape) / (dtype === 'uint8' ? 4 : 1)));
    const words = least > ROW_WORDS ? rowsOf(least) * ROW_WORDS : least;
    const rows = rowsOf(group.length * unroll * words);
    const block = { names: group.map(({ name }) => name), shape, dtype, words, row, rows };
    row += rows;
    return block;
  });
  return { blocks, rows: Math.max(1, row) };
}

/** Where the tensor of an application lies, in words; `place` is that of its name among the block's. */
export function offsetOf({ row, words, names }: Block, application: number, place: number): number {
  return row * ROW_WORDS + (application * names.length + place) * words;
}
