import type { ActingRows } from '../agent.ts';

/** How values become actions: writes an action for each row. An action whose mask is 0 is never chosen. */
export type Selector = (
  values: Float32Array,
  width: number,
  rows: Pick<ActingRows, 'count' | 'masks' | 'epsilons' | 'random' | 'actions'>,
) => void;
