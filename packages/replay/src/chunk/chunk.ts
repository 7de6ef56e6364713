import type { ObservationArray, StateSpec } from '@qfleet/spaces';
import type { ColumnSpec, ColumnValues } from './columns.ts';

/**
 * What a run's chunks hold: what a network sees of each state, a frame at a time, and named columns. Chunks of another
 * layout are refused.
 */
export interface Layout extends StateSpec {
  /** What chunks carry beside observations, actions and rewards; absent: nothing. */
  readonly columns?: readonly ColumnSpec[];
}

/** How a chunk's last step ended. */
export type ChunkEnd = 'continues' | 'terminated' | 'truncated';

/**
 * Consecutive steps of one episode of one slot, in columns: T steps and the T + 1 observations around them,
 * each stored once. A chunk never spans two episodes; a long episode makes several chunks, where the last
 * observation of one is the first of the next.
 */
export interface Chunk {
  /**
   * Who wrote it (a name of one life of a process, 1 to 64 bytes) and its place in that writer's order, rising:
   * a retry is recognised by the two.
   */
  readonly writer: string;
  readonly sequence: number;
  readonly slot: number;
  /** Numbers this slot's episodes, and counts the steps of the episode before this chunk. */
  readonly episode: number;
  readonly offset: number;
  readonly length: number;
  readonly end: ChunkEnd;
  /** The undiscounted return of the episode up to and including this chunk. */
  readonly episodeReturn: number;
  readonly epsilon: number;
  readonly weightsVersion: number;
  /** (T + 1) rows. */
  readonly observations: ObservationArray;
  readonly actions: Int32Array;
  readonly rewards: Float32Array;
  /** The actor's own |TD error| a step, or null: then new transitions enter at the highest priority. */
  readonly priorities: Float32Array | null;
  /** The layout's named columns; absent where it has none. */
  readonly columns?: ColumnValues;
}
