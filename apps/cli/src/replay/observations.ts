import type { ObservationPart } from '@qfleet/envs';
import { type Layout, observationSize } from '@qfleet/replay';
import { type ArrayColumn, arrayColumn } from './array-column.ts';
import { integer } from './cells.ts';

/**
 * The columns of `observation` or `next_observation`: one, or one for each part of a dict or tuple space, as
 * `observation.door`. A box is a list of numbers in C order, or one binary value of bytes (frames); shapes are in the
 * file's metadata. A Discrete part is the number that was one-hot.
 */
export function observationColumns(column: string, layout: Layout): ArrayColumn[] {
  const { parts, dtype, shape } = layout;
  const stride = observationSize(layout);
  if (!parts) return [arrayColumn(column, dtype, { start: 0, size: stride, stride }, rangeOf(layout))];
  return parts.map((part) => {
    const name = `${column}.${part.name}`;
    return part.shape ? arrayColumn(name, dtype, { ...part, stride }) : discreteColumn(name, shape[0], part);
  });
}

/** The states of a Discrete space, or bytes that do not go to 255; undefined: what the type holds. */
function rangeOf({ count, high }: Layout): [least: number, most: number] | undefined {
  const most = count === undefined ? high : count - 1;
  return most === undefined ? undefined : [0, most];
}

/** @param stride elements of a whole observation. */
function discreteColumn(name: string, stride: number, { start, size }: ObservationPart): ArrayColumn {
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
