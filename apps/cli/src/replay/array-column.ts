import { isFloating, type ObservationArray, type ObservationDType } from '@qfleet/envs';
import type { SchemaElement } from 'hyparquet-writer';
import { CellError, finite, integer, quote } from './cells.ts';
import type { ColumnKind } from './parquet-schema.ts';

/** One column of a file whose values are rows, or parts of rows, of an array. */
export interface ArrayColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly schema: readonly SchemaElement[];
  /** Its value of row `t` of an array. */
  encode(values: ObservationArray, t: number): unknown;
  /** Writes a value that was read to row `t`. @throws CellError where it does not belong in this column. */
  decode(value: unknown, values: ObservationArray, t: number): void;
}

/** The elements that a column is of, in each row of `stride` elements. */
export interface Elements {
  readonly start: number;
  readonly size: number;
  readonly stride: number;
}

/** The integers that an element may be. */
const INTEGERS: Record<'int32' | 'uint8', readonly [least: number, most: number]> = {
  int32: [-0x80000000, 0x7fffffff],
  uint8: [0, 255],
};

/**
 * A column of lists of numbers, or of one binary value a row where they are bytes.
 * @param range of an element that is an integer. Default: what the type holds.
 */
export function arrayColumn(
  name: string,
  dtype: ObservationDType,
  { start, size, stride }: Elements,
  range?: readonly [least: number, most: number],
): ArrayColumn {
  const bytes = dtype === 'uint8';
  // float16 is written as float32, which holds it exactly: Parquet's own float16 is not read everywhere.
  const type = isFloating(dtype) ? 'FLOAT' : 'INT32';
  const element = isFloating(dtype)
    ? (value: unknown) => finite(value, dtype)
    : (value: unknown) => integer(value, ...(range ?? INTEGERS[dtype]));
  return {
    name,
    kind: bytes ? 'bytes' : 'numbers',
    schema: bytes
      ? [{ name, type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' }]
      : [
          { name, converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type, repetition_type: 'REQUIRED' },
        ],
    encode(values, t) {
      const row = values.subarray(t * stride + start, t * stride + start + size);
      return bytes ? row : Array.from(row);
    },
    decode(value, values, t) {
      const isBytes = value instanceof Uint8Array;
      if (!isBytes && !Array.isArray(value))
        throw new CellError(`is ${quote(value)}, not ${bytes ? 'bytes' : 'a list of numbers'}`);
      if (value.length !== size) throw new CellError(`has ${value.length} elements, not ${size}`);
      const at = t * stride + start;
      if (isBytes && range === undefined) values.set(value, at);
      else for (let i = 0; i < size; i++) values[at + i] = elementAt(value, i, element);
    },
  };
}

function elementAt(values: ArrayLike<unknown>, i: number, check: (value: unknown) => number): number {
  try {
    return check(values[i]);
  } catch (error) {
    throw error instanceof CellError ? new CellError(`has an element ${i} that ${error.message}`) : error;
  }
}
