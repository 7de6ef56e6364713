import { elementName } from '@qfleet/envs';
import { type ColumnSpec, columnWidth, type Layout, MASK } from '@qfleet/replay';
import { type ArrayColumn, arrayColumn } from './array-column.ts';
import { CellError } from './cells.ts';
import { observationColumns } from './observations.ts';

/**
 * An array that chunks store, and its columns in a file: `columns` at the row's state or step, or of its chunk; `next`
 * at the state after the step, where the array has a row a state.
 */
export interface StoredArray {
  readonly spec: ColumnSpec;
  readonly columns: readonly ArrayColumn[];
  readonly next: readonly ArrayColumn[];
  /** What a sentence calls element `i` of a row. */
  nameOf(i: number): string;
}

/** The name of the observations among a chunk's arrays. */
const OBSERVATION = 'observation';

/** What chunks of a layout store in arrays: the observations first, then the named columns. */
export function storedArrays(layout: Layout): StoredArray[] {
  const observation: StoredArray = {
    spec: {
      name: OBSERVATION,
      dtype: layout.dtype,
      shape: layout.shape,
      cadence: 'state',
    },
    columns: observationColumns(OBSERVATION, layout),
    next: observationColumns(`next_${OBSERVATION}`, layout),
    nameOf: (i) => elementName(i, layout.parts),
  };
  return [observation, ...(layout.columns ?? []).map(namedArray)];
}

function namedArray(spec: ColumnSpec): StoredArray {
  const size = columnWidth(spec);
  const column = (name: string) => {
    const array = arrayColumn(name, spec.dtype, { start: 0, size, stride: size });
    return spec.name === MASK ? maskColumn(array, size) : array;
  };
  return {
    spec,
    columns: [column(spec.name)],
    next: spec.cadence === 'state' ? [column(`next_${spec.name}`)] : [],
    nameOf: (i) => `element ${i}`,
  };
}

/** A column of masks of 0 and 1, each of which allows something. */
function maskColumn(column: ArrayColumn, size: number): ArrayColumn {
  return {
    ...column,
    decode(value, masks, t) {
      column.decode(value, masks, t);
      const mask = masks.subarray(t * size, (t + 1) * size);
      const wrong = mask.findIndex((each) => each > 1);
      if (wrong >= 0) throw new CellError(`has an element ${wrong} that is ${mask[wrong]}, not 0 or 1`);
      if (!mask.includes(1)) throw new CellError('allows no action');
    },
  };
}
