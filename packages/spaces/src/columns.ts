import type { ObservationArray, ObservationDType } from './spaces.ts';
import { elementsOf } from './state-spec.ts';

/** How often a column has a row: once a step, once a state (a chunk of T steps has T + 1), or once a chunk. */
export type Cadence = 'step' | 'state' | 'chunk';

/** A named column beside observations, actions and rewards: an action mask, or what a network remembers. */
export interface ColumnSpec {
  readonly name: string;
  readonly dtype: ObservationDType;
  /** The shape of one row. */
  readonly shape: readonly number[];
  /** How often a chunk has a row. */
  readonly cadence: Cadence;
}

/** Columns by their names, each with all of its rows. */
export type ColumnValues = Readonly<Record<string, ObservationArray>>;

/** Elements of one row of a column. */
export const columnWidth = ({ shape }: ColumnSpec): number => elementsOf(shape);
