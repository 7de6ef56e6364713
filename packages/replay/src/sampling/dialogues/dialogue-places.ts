import type { Prioritized } from '../prioritized.ts';
import type { ChunkRecord } from '../transition-index.ts';
import type { Places } from '../units/sequence-places.ts';

/** Keeps one priority for each chunk of texts, at its first step. */
export class DialoguePlaces implements Places {
  readonly #priorities: Prioritized;

  constructor(priorities: Prioritized) {
    this.#priorities = priorities;
  }

  add(chunk: ChunkRecord, _errors: Float32Array | null, saved: Float32Array | null): void {
    this.#priorities.remove(chunk.start, chunk.length);
    if (saved !== null && saved[0] > 0) this.#priorities.restoreAt(chunk.start, 0, saved[0]);
    else this.#priorities.addAt(chunk.start, 0, null);
  }

  /** A chunk is a place of its own, whatever came before it. */
  orphan(): void {}
}
