import { elementName, observationArrays } from '@qfleet/envs';
import type { Capacity } from '../store/store.ts';
import type { Chunk, Layout } from './chunk.ts';
import { type ColumnSpec, columnRows, columnWidth, MASK } from './columns.ts';
import { observationSize } from './layout.ts';

/** Longest writer name, in UTF-8 bytes. */
export const MAX_WRITER = 64;
/** Most steps of a chunk. */
export const MAX_LENGTH = 1 << 20;

/** A chunk that can't be used: cut short, corrupted, foreign, or of another format or layout. */
export class ChunkError extends Error {
  override name = 'ChunkError';
}

/**
 * Checks that a chunk fits into a replay.
 * @throws ChunkError for a chunk of more steps or bytes than all of a replay may hold.
 */
export function checkSize(length: number, bytes: number, most: Capacity): void {
  if (length > most.transitions || bytes > most.bytes)
    throw new ChunkError(
      `The chunk has ${length} steps and ${bytes} bytes, more than all of this replay may hold ` +
        `(${most.transitions} and ${most.bytes}): raise its capacity, or shorten its chunks.`,
    );
}

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= 0xffffffff;

/**
 * The first index of a value that is not finite, or −1. One multiplication a value in the good case, and four sums: an
 * addition waits for the one before it.
 */
function firstNonFinite(values: ArrayLike<number>): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (const last = values.length - 3; i < last; i += 4) {
    a += values[i] * 0;
    b += values[i + 1] * 0;
    c += values[i + 2] * 0;
    d += values[i + 3] * 0;
  }
  for (; i < values.length; i++) a += values[i] * 0;
  if (a + b + c + d === 0) return -1;
  for (i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Throws where a column holds what must never be trained on. */
export function checkColumns(chunk: Chunk, layout: Layout): void {
  const where = (t: number) => `slot ${chunk.slot}, episode ${chunk.episode}, step ${chunk.offset + t}`;
  for (let t = 0; t < chunk.length; t++) {
    const action = chunk.actions[t];
    if (action < 0 || action >= layout.actions)
      throw new ChunkError(`Action ${action} is outside 0 … ${layout.actions - 1} (${where(t)}).`);
  }
  const reward = firstNonFinite(chunk.rewards);
  if (reward >= 0) throw new ChunkError(`Reward ${chunk.rewards[reward]} is not finite (${where(reward)}).`);
  const { observations } = chunk;
  if (observations instanceof Float32Array || observations instanceof Float16Array) {
    const i = firstNonFinite(observations);
    if (i >= 0) {
      const size = observationSize(layout);
      throw new ChunkError(
        `In a chunk, ${elementName(i % size, layout.parts)} is ${observations[i]}, not finite ` +
          `(${where(Math.floor(i / size))}).`,
      );
    }
  }
  if (layout.count !== undefined) checkStates(observations, layout.count, where);
  for (const column of layout.columns ?? []) checkColumn(chunk, column, layout.actions, where);
  if (chunk.priorities) {
    const i = chunk.priorities.findIndex((p) => !(p >= 0 && p < Number.POSITIVE_INFINITY));
    if (i >= 0)
      throw new ChunkError(`Priority ${chunk.priorities[i]} is not a finite number from 0 up (${where(i)}).`);
  }
}

/** Throws where a Discrete observation is none of 0 … count − 1. */
function checkStates(states: ArrayLike<number>, count: number, where: (t: number) => string): void {
  for (let t = 0; t < states.length; t++) {
    if (states[t] < 0 || states[t] >= count)
      throw new ChunkError(`Observation ${states[t]} is outside 0 … ${count - 1} (${where(t)}).`);
  }
}

function checkColumn(chunk: Chunk, column: ColumnSpec, actions: number, where: (t: number) => string): void {
  const values = chunk.columns![column.name];
  const width = columnWidth(column);
  const i = firstNonFinite(values);
  if (i >= 0) {
    const row = Math.floor(i / width);
    throw new ChunkError(`In a chunk, ${column.name} is ${values[i]}, not finite (${where(row)}).`);
  }
  if (column.name === MASK) checkMasks(chunk, values, actions, where);
}

/** Throws where a mask allows nothing, or not the action that was taken. */
function checkMasks(
  { actions: taken, length }: Chunk,
  masks: ArrayLike<number>,
  actions: number,
  where: (t: number) => string,
): void {
  for (let t = 0; t <= length; t++) {
    let allowed = 0;
    for (let a = 0; a < actions; a++) allowed += masks[t * actions + a] === 0 ? 0 : 1;
    if (allowed === 0) throw new ChunkError(`The mask of a state allows no action (${where(t)}).`);
    if (t < length && masks[t * actions + taken[t]] === 0)
      throw new ChunkError(
        `Action ${taken[t]} was taken, which its state's mask does not allow (${where(t)}).`,
      );
  }
}

/** Throws where a column has another length or type than the chunk's length and layout say. */
export function checkShape(chunk: Chunk, layout: Layout): void {
  const { length } = chunk;
  if (!Number.isInteger(length) || length < 1 || length > MAX_LENGTH)
    throw new ChunkError(`A chunk has 1 to ${MAX_LENGTH} steps, not ${length}.`);
  const size = observationSize(layout);
  const expected = observationArrays[layout.dtype];
  if (!(chunk.observations instanceof expected) || chunk.observations.length !== (length + 1) * size)
    throw new ChunkError(
      `The observations of ${length} steps are ${layout.dtype} × ${(length + 1) * size}, ` +
        `not ${chunk.observations.constructor.name} × ${chunk.observations.length}.`,
    );
  for (const name of ['actions', 'rewards', 'priorities'] as const) {
    const column = chunk[name];
    if (column !== null && column.length !== length)
      throw new ChunkError(`A chunk of ${length} steps has ${length} ${name}, not ${column.length}.`);
  }
  for (const column of layout.columns ?? []) {
    const values = chunk.columns?.[column.name];
    const elements = columnRows(column, length) * columnWidth(column);
    if (!(values instanceof observationArrays[column.dtype]) || values.length !== elements)
      throw new ChunkError(
        `Column ${column.name} of ${length} steps is ${column.dtype} × ${elements}, not ` +
          `${values === undefined ? 'there' : `${values.constructor.name} × ${values.length}`}.`,
      );
  }
}

/** Throws where a field can't be written or makes no sense. */
export function checkFields(chunk: Chunk): void {
  for (const name of ['slot', 'episode', 'offset'] as const)
    if (!isCount(chunk[name]))
      throw new ChunkError(`A chunk's ${name} is a 32-bit count, not ${chunk[name]}.`);
  for (const name of ['sequence', 'weightsVersion'] as const)
    if (!Number.isSafeInteger(chunk[name]) || chunk[name] < 0)
      throw new ChunkError(`A chunk's ${name} is an integer from 0 up, not ${chunk[name]}.`);
  for (const name of ['episodeReturn', 'epsilon'] as const)
    if (!Number.isFinite(chunk[name]))
      throw new ChunkError(`A chunk's ${name} is a finite number, not ${chunk[name]}.`);
}
