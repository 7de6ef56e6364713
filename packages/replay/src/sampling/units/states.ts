import type { ObservationArray } from '@qfleet/envs';
import { SMALL_ROW } from '../../chunk/layout.ts';
import type { ObservationCache } from '../observation-cache.ts';
import type { ChunkRecord } from '../transition-index.ts';

/** Finds the frames of states, and copies them: from the cache, or from chunks that were fetched. */
export class States {
  readonly frameStack: number;
  readonly #cache: ObservationCache;
  /** Scratch of `#trace`. */
  readonly #sources: ChunkRecord[] = [];
  readonly #steps: Int32Array;

  constructor(cache: ObservationCache, frameStack: number) {
    this.frameStack = frameStack;
    this.#cache = cache;
    this.#steps = new Int32Array(frameStack);
  }

  /** Whether all frames of the state at `step` of `chunk` are there. */
  whole(chunk: ChunkRecord, step: number): boolean {
    if (this.frameStack === 1) return true;
    // The frames before a state that are needed and exist, less those in its own chunk …
    let missing = Math.min(this.frameStack - 1, chunk.offset + step) - step;
    // … must be in the chunks before it.
    for (let before = chunk.previous; missing > 0; before = before.previous) {
      if (before === null) return false;
      missing -= before.length;
    }
    return true;
  }

  /**
   * Writes the cache rows of the frames of a state into `frames`, from `first` on; 0 for those that are not cached, and
   * their chunks into `missing`.
   */
  locate(chunk: ChunkRecord, step: number, frames: Int32Array, first: number, missing: ChunkRecord[]): void {
    this.#trace(chunk, step);
    for (let k = 0; k < this.frameStack; k++) {
      const { row } = this.#sources[k];
      if (row < 0) missing.push(this.#sources[k]);
      frames[first + k] = row < 0 ? 0 : row + this.#steps[k];
    }
  }

  /** out[i] = the cache's row frames[i], for i from `first` to `end` (exclusive). */
  gather(frames: Int32Array, out: ObservationArray, first: number, end: number): void {
    const { rows, size } = this.#cache;
    gather(rows, size, frames, out, first, end);
  }

  /** Whether frames are large: then those of a state are mostly in a processor's cache when the next state needs them. */
  get large(): boolean {
    return this.#cache.size > SMALL_ROW;
  }

  /** Copies a state, as bytes, to frame `first` of `out`; chunks that are nowhere are added to `missing`. */
  copy(
    chunk: ChunkRecord,
    step: number,
    fetched: ReadonlyMap<ChunkRecord, Uint8Array>,
    out: Uint8Array,
    first: number,
    missing: ChunkRecord[],
  ): void {
    const { bytes, size, rows } = this.#cache;
    const length = size * rows.BYTES_PER_ELEMENT;
    this.#trace(chunk, step);
    for (let k = 0; k < this.frameStack; k++) {
      const source = this.#sources[k];
      const from = source.row < 0 ? fetched.get(source) : bytes;
      if (from === undefined) missing.push(source);
      else copyRow(from, Math.max(source.row, 0) + this.#steps[k], out, first + k, length);
    }
  }

  /** Finds the frames of a state, oldest first: the chunks that hold them into `#sources`, their rows there into `#steps`. */
  #trace(chunk: ChunkRecord, step: number): void {
    let source = chunk;
    let frame = step;
    for (let k = this.frameStack - 1; k >= 0; k--) {
      // Frames before an episode's first are that first one again, as Gymnasium's FrameStackObservation has it.
      if (frame < 0 && source.previous !== null) {
        source = source.previous;
        frame += source.length;
      }
      this.#sources[k] = source;
      this.#steps[k] = Math.max(frame, 0);
      frame--;
    }
  }
}

/** Copies row `row` of `from` to row `to` of `out`, where rows have `length` bytes. */
function copyRow(from: Uint8Array, row: number, out: Uint8Array, to: number, length: number): void {
  const start = row * length;
  const at = to * length;
  if (length > SMALL_ROW) out.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) out[at + i] = from[start + i];
}

/** out[i] = rows[indices[i]], for the rows from `first` to `end` (exclusive), of `size` elements each. */
function gather(
  rows: ObservationArray,
  size: number,
  indices: Int32Array,
  out: ObservationArray,
  first: number,
  end: number,
): void {
  if (size <= SMALL_ROW) {
    for (let i = first; i < end; i++) {
      const start = indices[i] * size;
      const at = i * size;
      for (let k = 0; k < size; k++) out[at + k] = rows[start + k];
    }
    return;
  }
  for (let i = first, run = 1; i < end; i += run) {
    // The frames of a stack mostly lie one behind the other: they go in one piece.
    run = 1;
    while (i + run < end && indices[i + run] === indices[i] + run) run++;
    out.set(rows.subarray(indices[i] * size, (indices[i] + run) * size), i * size);
  }
}
