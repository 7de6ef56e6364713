import { type ObservationArray, type ObservationDType, observationArrays } from '@qfleet/envs';
import { pad } from './memory.ts';

/** How often a column has a row: once a step, once a state (a chunk of T steps has T + 1), or once a chunk. */
export type Cadence = 'step' | 'state' | 'chunk';

/** A column that a run's chunks carry beside observations, actions and rewards. */
export interface ColumnSpec {
  readonly name: string;
  readonly dtype: ObservationDType;
  /** The shape of one row. */
  readonly shape: readonly number[];
  readonly cadence: Cadence;
}

/** The named columns of a chunk, each with all of its rows. */
export type ColumnValues = Readonly<Record<string, ObservationArray>>;

/** Rows of a column in a chunk of `length` steps. */
export function columnRows({ cadence }: ColumnSpec, length: number): number {
  if (cadence === 'chunk') return 1;
  return cadence === 'state' ? length + 1 : length;
}

/** Elements of one row of a column. */
export const columnWidth = ({ shape }: ColumnSpec): number => shape.reduce((product, n) => product * n, 1);

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

/** The column of action masks: 1 for what may be taken in a state, 0 for what may not. */
export const MASK = 'mask';

/** The column of masks for so many actions. */
export const maskColumn = (actions: number): ColumnSpec => ({
  name: MASK,
  dtype: 'uint8',
  shape: [actions],
  cadence: 'state',
});
