import type { ObservationArray } from '@qfleet/envs';
import type { Batch } from './batch.ts';
import type { ObservationCache } from './observation-cache.ts';
import type { ChunkRecord, Horizon, TransitionIndex } from './transition-index.ts';

export interface AssemblerOptions {
  readonly nStep: number;
  readonly discount: number;
  readonly frameStack: number;
}

/**
 * Puts a batch's rows together in two passes: `locate` finds where a row's frames lie, `copy` then moves them all.
 * In the second, short loop the cache misses of many rows overlap.
 */
export class Assembler {
  readonly #index: TransitionIndex;
  readonly #cache: ObservationCache;
  readonly #options: AssemblerOptions;
  /** The cache rows of the frames of s and of the state bootstrapped from, `frameStack` a batch row. */
  #frames = new Int32Array(0);
  #nextFrames = new Int32Array(0);
  readonly #horizon: Partial<Horizon> = {};

  constructor(index: TransitionIndex, cache: ObservationCache, options: AssemblerOptions) {
    this.#index = index;
    this.#cache = cache;
    this.#options = options;
  }

  /** Makes room for batches of so many rows. */
  reserve(rows: number): void {
    const frames = rows * this.#options.frameStack;
    if (this.#frames.length >= frames) return;
    this.#frames = new Int32Array(frames);
    this.#nextFrames = new Int32Array(frames);
  }

  /** Whether the replay has all that the state at `leaf` of `chunk` needs. */
  usable(chunk: ChunkRecord, leaf: number): boolean {
    if (chunk.gone) return false;
    const { frameStack } = this.#options;
    if (frameStack === 1) return true;
    // The frames before a state that are needed and exist, less those in its own chunk …
    const step = this.#index.stepOf(leaf, chunk);
    let missing = Math.min(frameStack - 1, chunk.offset + step) - step;
    // … must be in the chunks before it.
    for (let before = chunk.previous; missing > 0; before = before.previous) {
      if (before === null) return false;
      missing -= before.length;
    }
    return true;
  }

  /**
   * Writes what row `row` needs beside its states, and remembers where those lie.
   * @returns a chunk whose observations are not at hand, or null when all are.
   */
  locate(batch: Batch, row: number, chunk: ChunkRecord, leaf: number): ChunkRecord | null {
    const { nStep, discount } = this.#options;
    const horizon = this.#horizon as Horizon;
    this.#index.horizon(chunk, leaf, nStep, discount, horizon);
    batch.actions[row] = this.#index.actionAt(leaf);
    batch.returns[row] = horizon.return;
    batch.discounts[row] = horizon.discount;
    return (
      this.#locateState(chunk, this.#index.stepOf(leaf, chunk), this.#frames, row) ??
      this.#locateState(horizon.chunk, horizon.step, this.#nextFrames, row)
    );
  }

  #locateState(chunk: ChunkRecord, step: number, frames: Int32Array, row: number): ChunkRecord | null {
    const { frameStack } = this.#options;
    const first = row * frameStack;
    let source = chunk;
    let frame = step;
    for (let at = first + frameStack - 1; at >= first; at--) {
      // Frames before an episode's first are that first one again, as Gymnasium's FrameStackObservation has it.
      if (frame < 0 && source.previous !== null) {
        source = source.previous;
        frame += source.length;
      }
      if (source.row < 0) return source;
      frames[at] = source.row + Math.max(frame, 0);
      frame--;
    }
    return null;
  }

  /** Copies the states of the rows from `from` to `to` (exclusive), as they were located. */
  copy(batch: Batch, from: number, to: number): void {
    const { rows, size } = this.#cache;
    const { frameStack } = this.#options;
    gather(rows, size, this.#frames, batch.observations, from * frameStack, to * frameStack);
    gather(rows, size, this.#nextFrames, batch.nextObservations, from * frameStack, to * frameStack);
  }
}

/** Up to this many elements a loop is faster than a view and its `set`. */
const SMALL_ROW = 64;

/** out[i] = rows[indices[i]], for i from `from` to `to` (exclusive), where a row has `size` elements. */
function gather(
  rows: ObservationArray,
  size: number,
  indices: Int32Array,
  out: ObservationArray,
  from: number,
  to: number,
): void {
  if (size <= SMALL_ROW) {
    for (let i = from; i < to; i++) {
      const start = indices[i] * size;
      const at = i * size;
      for (let k = 0; k < size; k++) out[at + k] = rows[start + k];
    }
    return;
  }
  for (let i = from, count = 1; i < to; i += count) {
    // The frames of a stack mostly lie one behind the other: they go in one piece.
    count = 1;
    while (i + count < to && indices[i + count] === indices[i] + count) count++;
    out.set(rows.subarray(indices[i] * size, (indices[i] + count) * size), i * size);
  }
}
