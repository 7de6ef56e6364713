import type { ObservationArray, ObservationPart } from '@qfleet/envs';
import { type Layout, observationSize } from '@qfleet/replay';
import type { SchemaElement } from 'hyparquet-writer';

/** One column of a file's observations. */
export interface ObservationColumn {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  /** Its value of row `t` of a chunk's observations. */
  encode(observations: ObservationArray, t: number): unknown;
  /** Writes a value that was read to row `t`. False where it is none of this column's. */
  decode(value: unknown, observations: ObservationArray, t: number): boolean;
}

/**
 * The columns of `observation` or `next_observation`: one, or of a dict or tuple space one a part, `observation.door`. A
 * box is a list of numbers, bytes (frames) one binary value, in C order (shapes are in the file's metadata); a Discrete
 * part is the number that was one-hot.
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

function boxColumn(name: string, layout: Layout, { start, size }: Range): ObservationColumn {
  const { observationDType } = layout;
  const stride = observationSize(layout);
  const bytes = observationDType === 'uint8';
  // float16 too, which float32 holds exactly: Parquet's own is not read everywhere.
  const type = observationDType.startsWith('float') ? 'FLOAT' : 'INT32';
  return {
    name,
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
      const row = value as ArrayLike<number> | null | undefined;
      if (row?.length !== size) return false;
      observations.set(row, t * stride + start);
      return true;
    },
  };
}

/** @param stride elements of a whole observation. */
function discreteColumn(name: string, stride: number, { start, size }: Range): ObservationColumn {
  return {
    name,
    schema: [{ name, type: 'INT32', repetition_type: 'REQUIRED' }],
    encode: (observations, t) =>
      observations.subarray(t * stride + start, t * stride + start + size).indexOf(1),
    decode(value, observations, t) {
      const index = Number(value);
      if (!Number.isInteger(index) || index < 0 || index >= size) return false;
      observations[t * stride + start + index] = 1;
      return true;
    },
  };
}
