import { type ColumnSpec, type ColumnValues, columnWidth } from '../../chunk/columns.ts';
import type { ChunkRecord } from '../transition-index.ts';

/** Copies a column's row at `step` of `chunk` to row `to` of `out`. */
export function copyColumn(
  column: ColumnSpec,
  chunk: ChunkRecord,
  step: number,
  out: ColumnValues,
  to: number,
): void {
  const width = columnWidth(column);
  const source = chunk.columns![column.name];
  const start = column.cadence === 'chunk' ? 0 : step * width;
  const target = out[column.name];
  for (let i = 0; i < width; i++) target[to * width + i] = source[start + i];
}
