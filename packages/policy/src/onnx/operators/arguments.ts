import { PolicyError } from '../../policy-error.ts';
import type { Call, Size } from '../computation.ts';

/** A size that does not depend on the number of rows. */
export function fixed(size: Size, call: Call): number {
  if (typeof size === 'number') return size;
  throw untranslated(call, 'on an axis that depends on the number of rows');
}

/** Axes counted from the first, of an attribute that holds one, several or none, which means all. */
export function axesOf(given: unknown, rank: number): number[] {
  if (given === undefined || given === null) return Array.from({ length: rank }, (_, axis) => axis);
  return [given as number | number[]].flat().map((axis) => (axis < 0 ? axis + rank : axis));
}

/** Two numbers, of an attribute that holds one for both, or two. */
export const pairOf = (given: unknown): [number, number] =>
  Array.isArray(given) ? [given[0], given[1]] : [given as number, given as number];

/** The refusal of a call that has no counterpart in ONNX. */
export const untranslated = ({ kernel }: Call, how: string): PolicyError =>
  new PolicyError(
    `The network can't be written as ONNX: it uses tfjs’s ${kernel} ${how}; export to .safetensors.`,
  );
