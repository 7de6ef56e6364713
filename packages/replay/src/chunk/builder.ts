import type { ObservationArray } from '@qfleet/envs';
import type { ChunkEnd, Layout } from './chunk.ts';
import { type ChunkRoom, chunkRoom, encodeOpenChunk } from './codec.ts';
import { ColumnRows } from './column-rows.ts';
import type { ColumnValues } from './columns.ts';
import type { OpenChunk } from './encoded.ts';
import { makeObservations, observationBytes, observationSize, SMALL_ROW } from './layout.ts';
import { SMALL } from './memory.ts';
import { type ReturnOptions, tdErrors } from './td-errors.ts';

export interface ChunkBuilderOptions {
  readonly layout: Layout;
  readonly writer: string;
  readonly slot: number;
  /** Steps after which a chunk is closed, if the episode has not ended before. */
  readonly chunkLength: number;
  /** Episodes that the slot has begun before: those of this builder are numbered on. Default 0. */
  readonly episodes?: number;
  /** The writer's next sequence number: one counter for all its slots, so that chunks are numbered as they close. */
  readonly sequence: () => number;
  /** Chunks carry the actor's own |TD errors| of such returns as priorities; left out: none. */
  readonly tdErrors?: ReturnOptions;
}

const NO_COLUMNS: ColumnValues = {};

/**
 * Puts one slot's steps into columns that are allocated once, and closes them into open chunks (`sealChunk` and
 * `compressChunk` make them fit to leave the process). Large observations go straight to where a full chunk has them.
 *
 * @example
 * builder.begin(observations, row * size);
 * const bytes = builder.push(action, reward, next, row * size, 'continues'); // null until a chunk is full
 *
 * With `tdErrors`, a chunk also needs the value of the state after its last step, unless the episode terminated there: a
 * full or truncated one waits for `settle`, which gives it.
 */
export class ChunkBuilder {
  /** Written into the next chunk: the exploration rate and the version of the weights that act. */
  epsilon = 0;
  weightsVersion = 0;

  readonly #options: ChunkBuilderOptions;
  readonly #size: number;
  #observations: ObservationArray;
  /** The memory of a full chunk; null where chunks are small, and cheaper to copy. */
  #room: ChunkRoom | null;
  readonly #actions: Int32Array;
  readonly #rewards: Float32Array;
  readonly #columns: readonly ColumnRows[];
  /** Q(s, a), max Q(s, ·) and |TD error| a step, where chunks carry those. */
  readonly #values: { taken: Float32Array; best: Float32Array; errors: Float32Array } | null;
  #length = 0;
  #episode: number;
  #offset = 0;
  #episodeReturn = 0;
  #open = false;
  #end: ChunkEnd = 'continues';

  constructor(options: ChunkBuilderOptions) {
    const { layout, chunkLength } = options;
    if (!Number.isInteger(chunkLength) || chunkLength < 1)
      throw new RangeError(`A chunk's length is an integer from 1 up, not ${chunkLength}.`);
    this.#options = options;
    this.#episode = (options.episodes ?? 0) - 1;
    this.#size = observationSize(layout);
    this.#actions = new Int32Array(chunkLength);
    this.#rewards = new Float32Array(chunkLength);
    this.#columns = (layout.columns ?? []).map((column) => new ColumnRows(column, chunkLength));
    const column = () => new Float32Array(chunkLength);
    this.#values = options.tdErrors ? { taken: column(), best: column(), errors: column() } : null;
    this.#room = (chunkLength + 1) * observationBytes(layout) > SMALL ? this.#newRoom() : null;
    this.#observations =
      this.#room?.observations ?? makeObservations(layout.dtype, (chunkLength + 1) * this.#size);
  }

  #newRoom(): ChunkRoom {
    const { writer, chunkLength, layout, tdErrors } = this.#options;
    return chunkRoom({ writer, length: chunkLength, hasPriorities: tdErrors !== undefined }, layout);
  }

  /** Episodes that the slot has begun. */
  get episodes(): number {
    return this.#episode + 1;
  }

  /** The return (undiscounted) and the steps of the current episode so far. */
  get episodeReturn(): number {
    return this.#episodeReturn;
  }
  get episodeLength(): number {
    return this.#offset + this.#length;
  }

  /** Whether a chunk is to be closed as soon as `settle` tells the value of the state after it. */
  get waiting(): boolean {
    return this.#length > 0 && (!this.#open || this.#length === this.#options.chunkLength);
  }

  /** Steps that no chunk was closed with yet. */
  get openSteps(): number {
    return this.#length;
  }

  /**
   * Starts an episode at the observation that lies at element `at` of `observations`.
   * @param columns the state's rows of the layout's named columns, copied; others are not read.
   * @throws RangeError where one is missing, or of another length.
   */
  begin(observations: ObservationArray, at: number, columns = NO_COLUMNS): void {
    this.#length = 0;
    this.#end = 'continues';
    this.#offset = 0;
    this.#episode++;
    this.#episodeReturn = 0;
    this.#open = true;
    this.#put(0, observations, at);
    for (const column of this.#columns) column.begin(columns);
  }

  /**
   * Adds the step that led to the observation at element `at` of `next`.
   * @param columns the rows of the layout's named columns: of the step, or of the state after it.
   * @param taken, best Q(s, a) and max Q(s, ·) of the state that it was taken in; read with `tdErrors` only.
   * @returns the chunk that this step closed, else null.
   * @throws ChunkError when the closed chunk holds a value that must not be stored; the chunk is dropped.
   */
  push(
    action: number,
    reward: number,
    next: ObservationArray,
    at: number,
    end: ChunkEnd,
    taken = 0,
    best = 0,
    columns: ColumnValues = NO_COLUMNS,
  ): OpenChunk | null {
    if (!this.#open) throw new Error('push after an episode has ended: call begin first.');
    if (this.waiting) throw new Error('push while a chunk waits for a value: call settle first.');
    const t = this.#length;
    this.#actions[t] = action;
    this.#rewards[t] = reward;
    if (this.#values) {
      this.#values.taken[t] = taken;
      this.#values.best[t] = best;
    }
    this.#episodeReturn += reward;
    this.#length = t + 1;
    this.#put(t + 1, next, at);
    // Counted: an iterator over no columns would be an eighth of a small step's time.
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i].push(t, columns);
    this.#end = end;
    if (end !== 'continues') this.#open = false;
    if (!this.waiting || (this.#values !== null && end !== 'terminated')) return null;
    return this.#close(0);
  }

  /**
   * Closes the chunk that waits for max Q of the state after its last step; null if none waits.
   * @throws ChunkError as `push`.
   */
  settle(value: number): OpenChunk | null {
    return this.waiting ? this.#close(value) : null;
  }

  /**
   * Closes the steps that have not made a chunk yet (at a shutdown); null if there are none.
   * @param value as of `settle`; read with `tdErrors` only.
   */
  flush(value = 0): OpenChunk | null {
    return this.#length > 0 ? this.#close(value) : null;
  }

  /**
   * Truncates the episode after its last step, which was pushed as one that continues.
   * @param value as of `settle`; read with `tdErrors` only.
   * @returns the chunk that this closes; null where the last step closed one.
   */
  truncate(value = 0): OpenChunk | null {
    this.#open = false;
    this.#end = 'truncated';
    return this.flush(value);
  }

  #put(row: number, observations: ObservationArray, at: number): void {
    const start = row * this.#size;
    if (this.#size > SMALL_ROW) this.#observations.set(observations.subarray(at, at + this.#size), start);
    else for (let i = 0; i < this.#size; i++) this.#observations[start + i] = observations[at + i];
  }

  /** |TD error| of the steps of the chunk, before a state of value `last`; null where chunks carry none. */
  #errors(last: number): Float32Array | null {
    const { tdErrors: options } = this.#options;
    if (this.#values === null || options === undefined) return null;
    const { taken, best, errors } = this.#values;
    const out = errors.subarray(0, this.#length);
    tdErrors(this.#rewards.subarray(0, this.#length), { taken, best, last }, options, out);
    return out;
  }

  /** The named columns of the first `length` steps; nothing where the layout has none. */
  #columnsOf(length: number): { columns?: ColumnValues } {
    if (this.#columns.length === 0) return {};
    const columns: Record<string, ObservationArray> = {};
    for (const column of this.#columns) columns[column.name] = column.of(length);
    return { columns };
  }

  #close(last: number): OpenChunk {
    const { layout, writer, slot, sequence, chunkLength } = this.#options;
    const length = this.#length;
    const offset = this.#offset;
    const observations = this.#observations;
    const size = this.#size;
    const room = length === chunkLength && this.#room !== null ? this.#room : undefined;
    try {
      return encodeOpenChunk(
        {
          writer,
          slot,
          sequence: sequence(),
          episode: this.#episode,
          offset,
          length,
          end: this.#end,
          episodeReturn: this.#episodeReturn,
          epsilon: this.epsilon,
          weightsVersion: this.weightsVersion,
          observations: observations.subarray(0, (length + 1) * size),
          actions: this.#actions.subarray(0, length),
          rewards: this.#rewards.subarray(0, length),
          priorities: this.#errors(last),
          ...this.#columnsOf(length),
        },
        layout,
        room,
      );
    } finally {
      if (room !== undefined) {
        this.#room = this.#newRoom();
        this.#observations = this.#room.observations;
      }
      // The last observation is the next chunk's first.
      this.#observations.set(observations.subarray(length * size, (length + 1) * size));
      for (const column of this.#columns) column.advance(length);
      this.#offset += length;
      this.#length = 0;
    }
  }
}
