import type { Prioritized } from '../prioritized.ts';
import type { SequenceUnit } from '../sample-unit.ts';
import type { ChunkRecord } from '../transition-index.ts';
import { sequencePriorities } from './sequence-priorities.ts';

/** The share of the largest error in the first priority of a sequence, of its steps' own errors. */
const ETA = 0.9;

/**
 * Whether a sequence begins at `step` of `chunk`: at every `stride`-th of an episode, and, where an episode's beginning
 * is not there, at the first step that has all frames of its state.
 */
export function isStart(chunk: ChunkRecord, step: number, stride: number, frameStack: number): boolean {
  if ((chunk.offset + step) % stride === 0) return true;
  let first = chunk;
  let frames = frameStack - 1 - step;
  while (frames > 0 && first.previous !== null) {
    first = first.previous;
    frames -= first.length;
  }
  return frames === 0 && first.previous === null;
}

/** Keeps priorities where rows begin, and nowhere else: so sampling by priority meets no other place. */
export interface Places {
  /**
   * Enters a chunk that came.
   *
   * @param errors of its steps, by the actor; null: what begins there gets the highest priority so far.
   * @param saved what the tree held of its leaves before; null: nothing.
   */
  add(chunk: ChunkRecord, errors: Float32Array | null, saved: Float32Array | null): void;
  /** Has what is left of an episode, of which the chunk before this one was evicted or lost, begin somewhere. */
  orphan(chunk: ChunkRecord): void;
}

/** The places of sequences. */
export class SequencePlaces implements Places {
  readonly #priorities: Prioritized;
  readonly #unit: SequenceUnit;
  readonly #frameStack: number;
  #one = new Float32Array(1);
  #valid = new Float32Array(0);

  constructor(priorities: Prioritized, unit: SequenceUnit, frameStack: number) {
    this.#priorities = priorities;
    this.#unit = unit;
    this.#frameStack = frameStack;
  }

  add(chunk: ChunkRecord, errors: Float32Array | null, saved: Float32Array | null): void {
    this.#priorities.remove(chunk.start, chunk.length);
    for (let step = 0; step < chunk.length; step++) {
      if (!isStart(chunk, step, this.#unit.stride, this.#frameStack)) continue;
      if (saved !== null && saved[step] > 0) this.#priorities.restoreAt(chunk.start, step, saved[step]);
      else this.#priorities.addAt(chunk.start, step, errors && this.#mixed(errors, step));
    }
  }

  /**
   * Begins a sequence at the first whole step from `chunk` on, whose predecessor was evicted or lost: the sequence that
   * its steps were in began there.
   */
  orphan(chunk: ChunkRecord): void {
    let at: ChunkRecord | null = chunk;
    let step = this.#frameStack - 1;
    while (at !== null && step >= at.length) {
      step -= at.length;
      at = at.next;
    }
    if (at === null || at.gone || at.dropped) return;
    if ((at.offset + step) % this.#unit.stride !== 0) this.#priorities.addAt(at.start, step, null);
  }

  /** The priority of the sequence that begins at `step`, of those of its steps that came with it. */
  #mixed(errors: Float32Array, step: number): number {
    const part = errors.subarray(step, step + this.#unit.length);
    if (this.#valid.length < part.length) this.#valid = new Float32Array(part.length).fill(1);
    sequencePriorities(part, this.#valid, part.length, ETA, this.#one);
    return this.#one[0];
  }
}
