import type { ObservationArray } from '@qfleet/envs';
import type { Batch } from './batch.ts';
import { asBytes, SMALL_ROW } from './layout.ts';
import type { ObservationCache } from './observation-cache.ts';
import type { ChunkRecord, Horizon, TransitionIndex } from './transition-index.ts';

export interface AssemblerOptions {
  readonly nStep: number;
  readonly discount: number;
  readonly frameStack: number;
}

/**
 * Puts a batch's rows together in two passes: `locate` finds where a row's frames lie, `copy` then moves them all.
 * In the second, short loop the cache misses of many rows overlap. Rows of which something has to be fetched are put
 * together one by one, by `copyFetched`.
 */
export class Assembler {
  readonly #index: TransitionIndex;
  readonly #cache: ObservationCache;
  readonly #options: AssemblerOptions;
  /** The cache rows of the frames of s and of the state bootstrapped from, `frameStack` a batch row. */
  #frames = new Int32Array(0);
  #nextFrames = new Int32Array(0);
  readonly #horizon: Partial<Horizon> = {};
  /** Scratch of `#trace`. */
  readonly #sources: ChunkRecord[] = [];
  readonly #steps: Int32Array;
  /** The batch that was written into last by `copyFetched`, and its states as bytes. */
  #target: Batch | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  #nextBytes: Uint8Array = new Uint8Array(0);

  constructor(index: TransitionIndex, cache: ObservationCache, options: AssemblerOptions) {
    this.#index = index;
    this.#cache = cache;
    this.#options = options;
    this.#steps = new Int32Array(options.frameStack);
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
   * Writes what row `row` needs beside its states, and remembers where those lie. Chunks whose observations are not at
   * hand are added to `missing`: without them, `copy` makes nonsense of the row.
   */
  locate(batch: Batch, row: number, chunk: ChunkRecord, leaf: number, missing: ChunkRecord[]): void {
    const { frameStack } = this.#options;
    const { chunk: last, step } = this.#locateReturn(batch, row, chunk, leaf);
    this.#locateState(chunk, this.#index.stepOf(leaf, chunk), this.#frames, row * frameStack, missing);
    this.#locateState(last, step, this.#nextFrames, row * frameStack, missing);
  }

  #locateReturn(batch: Batch, row: number, chunk: ChunkRecord, leaf: number): Horizon {
    const { nStep, discount } = this.#options;
    const horizon = this.#horizon as Horizon;
    this.#index.horizon(chunk, leaf, nStep, discount, horizon);
    batch.actions[row] = this.#index.actionAt(leaf);
    batch.returns[row] = horizon.return;
    batch.discounts[row] = horizon.discount;
    return horizon;
  }

  #locateState(
    chunk: ChunkRecord,
    step: number,
    frames: Int32Array,
    first: number,
    missing: ChunkRecord[],
  ): void {
    this.#trace(chunk, step);
    for (let k = 0; k < this.#options.frameStack; k++) {
      const { row } = this.#sources[k];
      if (row < 0) missing.push(this.#sources[k]);
      frames[first + k] = row < 0 ? 0 : row + this.#steps[k];
    }
  }

  /** Finds the frames of a state, oldest first: the chunks that hold them into `#sources`, their rows there into `#steps`. */
  #trace(chunk: ChunkRecord, step: number): void {
    let source = chunk;
    let frame = step;
    for (let k = this.#options.frameStack - 1; k >= 0; k--) {
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

  /** Copies the states of all rows, as they were located. */
  copy(batch: Batch): void {
    const { rows, size } = this.#cache;
    const { observations, nextObservations } = batch;
    const { frameStack } = this.#options;
    const frames = batch.size * frameStack;
    // A state's large frames are mostly those of the state after it: they are copied while they are in a processor's cache.
    const atATime = size > SMALL_ROW ? frameStack : frames;
    for (let first = 0; first < frames; first += atATime) {
      gather(rows, size, this.#frames, observations, first, first + atATime);
      gather(rows, size, this.#nextFrames, nextObservations, first, first + atATime);
    }
  }

  /**
   * Writes all of row `row`, with `fetched` rows (as bytes) of chunks that are not at hand. Chunks that are in neither
   * place are added to `missing`: then the row is not whole.
   */
  copyFetched(
    batch: Batch,
    row: number,
    chunk: ChunkRecord,
    leaf: number,
    fetched: ReadonlyMap<ChunkRecord, Uint8Array>,
    missing: ChunkRecord[],
  ): void {
    const { chunk: last, step } = this.#locateReturn(batch, row, chunk, leaf);
    const first = row * this.#options.frameStack;
    if (this.#target !== batch) {
      this.#target = batch;
      this.#bytes = asBytes(batch.observations);
      this.#nextBytes = asBytes(batch.nextObservations);
    }
    this.#copyState(chunk, this.#index.stepOf(leaf, chunk), fetched, this.#bytes, first, missing);
    this.#copyState(last, step, fetched, this.#nextBytes, first, missing);
  }

  #copyState(
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
    for (let k = 0; k < this.#options.frameStack; k++) {
      const source = this.#sources[k];
      const from = source.row < 0 ? fetched.get(source) : bytes;
      if (from === undefined) missing.push(source);
      else copyRow(from, Math.max(source.row, 0) + this.#steps[k], out, first + k, length);
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
