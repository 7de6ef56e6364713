import { type ObservationArray, stateSize } from '@qfleet/spaces';
import type { Layout } from '../chunk/chunk.ts';
import { type Cadence, type ColumnSpec, columnWidth } from '../chunk/columns.ts';
import { makeObservations } from '../chunk/layout.ts';
import type { Batch, SequenceBatch, TransitionBatch } from './batch.ts';
import { DialogueRows } from './dialogues/dialogue-batch.ts';
import type { SampleUnit, SequenceUnit } from './sample-unit.ts';

/** A batch of `size` rows as `unit` makes them, for states of `layout`; of dialogues, as many as fit it. */
export function makeBatch(unit: SampleUnit, size: number, layout: Layout): Batch {
  if (unit.kind === 'dialogue') return new DialogueRows();
  return unit.kind === 'sequence' ? makeSequenceBatch(unit, size, layout) : makeTransitionBatch(size, layout);
}

/** A batch of `size` transitions. */
export function makeTransitionBatch(size: number, layout: Layout): TransitionBatch {
  const elements = size * stateSize(layout);
  const columns = layout.columns ?? [];
  return {
    ...emptyBatch(size),
    observations: makeObservations(layout.dtype, elements),
    actions: new Int32Array(size),
    returns: new Float32Array(size),
    discounts: new Float32Array(size),
    nextObservations: makeObservations(layout.dtype, elements),
    columns: makeColumns(columns, size, () => 1),
    nextColumns: makeColumns(
      columns.filter(({ cadence }) => cadence === 'state'),
      size,
      () => 1,
    ),
  };
}

/** A batch of `size` sequences. */
export function makeSequenceBatch(
  { burnIn, length }: SequenceUnit,
  size: number,
  layout: Layout,
): SequenceBatch {
  const steps = burnIn + length;
  const states = size * (steps + 1);
  const rows: Record<Cadence, number> = { step: steps, state: steps + 1, chunk: 1 };
  return {
    ...emptyBatch(size),
    observations: makeObservations(layout.dtype, states * stateSize(layout)),
    actions: new Int32Array(size * steps),
    rewards: new Float32Array(size * steps),
    discounts: new Float32Array(size * steps),
    valid: new Float32Array(size * steps),
    begins: new Int32Array(size * steps),
    columns: makeColumns(layout.columns ?? [], size, (cadence) => rows[cadence]),
  };
}

function emptyBatch(size: number): Batch {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`A batch has a whole number of rows from 1 up, not ${size}.`);
  return { size, weights: new Float32Array(size).fill(1), handles: new Int32Array(size) };
}

function makeColumns(columns: readonly ColumnSpec[], size: number, rowsOf: (cadence: Cadence) => number) {
  return Object.fromEntries(
    columns.map((column): [string, ObservationArray] => {
      const elements = size * rowsOf(column.cadence) * columnWidth(column);
      return [column.name, makeObservations(column.dtype, elements)];
    }),
  );
}
