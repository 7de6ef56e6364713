import type { Batch, ReplayOptions } from '@qfleet/replay';

/** A listener that follows chunks through the learner, in the order of its methods; for traces. */
export interface ChunkWatch {
  /** A chunk came in from the replay. */
  readonly taken: NonNullable<ReplayOptions['onTaken']>;
  /** The batches of a call are about to be drawn, or, of those drawn ahead, to be waited for. */
  sampling(): void;
  /** They are here, and about to be trained on. */
  sampled(batches: readonly Batch[]): void;
  /** The call that trained on them is done; `updates` were done in all. */
  updated(updates: number): void;
}
