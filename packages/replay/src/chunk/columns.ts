import { type ObservationArray, observationArrays } from '@qfleet/envs';
import { type ColumnSpec, type ColumnValues, columnWidth } from '@qfleet/spaces';
import { pad } from './memory.ts';

export { type Cadence, type ColumnSpec, type ColumnValues, columnWidth } from '@qfleet/spaces';

/** Rows of a column in a chunk of `length` steps. */
export function columnRows({ cadence }: ColumnSpec, length: number): number {
  if (cadence === 'chunk') return 1;
  return cadence === 'state' ? length + 1 : length;
}

/** Bytes of a column in a chunk of `length` steps, up to where the next one begins. */
const columnBytes = (column: ColumnSpec, length: number): number =>
  pad(columnRows(column, length) * columnWidth(column) * observationArrays[column.dtype].BYTES_PER_ELEMENT);

/** Bytes of all columns in a chunk of `length` steps. */
export const allColumnBytes = (columns: readonly ColumnSpec[], length: number): number =>
  columns.reduce((sum, column) => sum + columnBytes(column, length), 0);

/** The columns that lie one after another from `offset` (in bytes, aligned to 8) on; views on `buffer`. */
export function viewColumns(
  columns: readonly ColumnSpec[],
  length: number,
  buffer: ArrayBufferLike,
  offset: number,
): ColumnValues {
  const views: Record<string, ObservationArray> = {};
  let at = offset;
  for (const column of columns) {
    const elements = columnRows(column, length) * columnWidth(column);
    views[column.name] = new observationArrays[column.dtype](buffer as ArrayBuffer, at, elements);
    at += columnBytes(column, length);
  }
  return views;
}

/** The column of action masks: 1 for each action that is allowed in a state, else 0. */
export const MASK = 'mask';

/** The column of masks for so many actions. */
export const maskColumn = (actions: number): ColumnSpec => ({
  name: MASK,
  dtype: 'uint8',
  shape: [actions],
  cadence: 'state',
});
