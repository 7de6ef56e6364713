import { isFloating, type ObservationArray, type ObservationPart } from '@qfleet/envs';
import { type Layout, observationSize } from '@qfleet/replay';
import type { SchemaElement } from 'hyparquet-writer';
import { CellError, finite, integer, quote } from './cells.ts';
import type { ColumnKind } from './parquet-schema.ts';

/** One column of a file's observations. */
export interface ObservationColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly schema: readonly SchemaElement[];
  /** Its value of row `t` of a chunk's observations. */
  encode(observations: ObservationArray, t: number): unknown;
  /** Writes a value that was read to row `t`. @throws CellError where it does not belong in this column. */
  decode(value: unknown, observations: ObservationArray, t: number): void;
}

/**
 * The columns of `observation` or `next_observation`: one, or one for each part of a dict or tuple space, as
 * `observation.door`. A box is a list of numbers in C order, or one binary value of bytes (frames); shapes are in the
 * file's metadata. A Discrete part is the number that was one-hot.
 */
export function observationColumns(column: string, layout: Layout): ObservationColumn[] {
  const { observationParts, observationShape: shape } = layout;
  if (!observationParts) return [boxColumn(column, layout, { start: 0, size: observationSize(layout) })];
  return observationParts.map((part) => {
    const name = `${column}.${part.name}`;
    return part.shape ? boxColumn(name, layout, part) : discreteColumn(name, shape[0], part);
  });
}

type Range = Pick<ObservationPart, 'start' | 'size'>;

/** The integers that an element may be. */
const INTEGERS: Record<'int32' | 'uint8', readonly [least: number, most: number]> = {
  int32: [-0x80000000, 0x7fffffff],
  uint8: [0, 255],
};

function boxColumn(name: string, layout: Layout, { start, size }: Range): ObservationColumn {
  const { observationDType: dtype } = layout;
  const stride = observationSize(layout);
  const bytes = dtype === 'uint8';
  // float16 is written as float32, which holds it exactly: Parquet's own float16 is not read everywhere.
  const type = isFloating(dtype) ? 'FLOAT' : 'INT32';
  const element = isFloating(dtype)
    ? (value: unknown) => finite(value, dtype)
    : (value: unknown) => integer(value, ...INTEGERS[dtype]);
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
    encode(observations, t) {
      const row = observations.subarray(t * stride + start, t * stride + start + size);
      return bytes ? row : Array.from(row);
    },
    decode(value, observations, t) {
      const isBytes = value instanceof Uint8Array;
      if (!isBytes && !Array.isArray(value))
        throw new CellError(`is ${quote(value)}, not ${bytes ? 'bytes' : 'a list of numbers'}`);
      if (value.length !== size) throw new CellError(`has ${value.length} elements, not ${size}`);
      const at = t * stride + start;
      if (isBytes) observations.set(value, at);
      else for (let i = 0; i < size; i++) observations[at + i] = elementAt(value, i, element);
    },
  };
}

function elementAt(values: readonly unknown[], i: number, check: (value: unknown) => number): number {
  try {
    return check(values[i]);
  } catch (error) {
    throw error instanceof CellError ? new CellError(`has an element ${i} that ${error.message}`) : error;
  }
}

/** @param stride elements of a whole observation. */
function discreteColumn(name: string, stride: number, { start, size }: Range): ObservationColumn {
  return {
    name,
    kind: 'number',
    schema: [{ name, type: 'INT32', repetition_type: 'REQUIRED' }],
    encode: (observations, t) =>
      observations.subarray(t * stride + start, t * stride + start + size).indexOf(1),
    decode(value, observations, t) {
      const at = t * stride + start;
      observations.fill(0, at, at + size);
      observations[at + integer(value, 0, size - 1)] = 1;
    },
  };
}
