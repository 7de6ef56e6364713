import { randomUUID } from 'node:crypto';
import type { Layout } from '../chunk/chunk.ts';
import type { OpenChunk, SealedChunk } from '../chunk/encoded.ts';
import { checkFingerprint, lengthOf, peekChunk } from '../chunk/header.ts';
import { checkSize } from '../chunk/validate.ts';
import { Fifo } from '../fifo.ts';
import type { AppendReply, Capacity, Followed, ReplayStanding, ReplayStore, StoredChunk } from './store.ts';

/** A replay in this process: what `--single` and tests use. It takes chunks open or sealed. */
export class MemoryReplayStore implements ReplayStore {
  readonly inProcess = true;
  readonly #layout: Layout;
  readonly #capacity: Capacity;
  readonly #generation = randomUUID();
  /** Their ids follow one another up to `#newest`. */
  readonly #chunks = new Fifo<Uint8Array>();
  readonly #lastSequence = new Map<string, number>();
  #newest = 0;
  #transitions = 0;
  #bytes = 0;
  #inserted = 0;
  #evicted = 0;
  #sampled = 0;

  constructor(layout: Layout, capacity: Capacity) {
    this.#layout = layout;
    this.#capacity = capacity;
  }

  /** As of `ReplayStore`; open chunks too. */
  async append(chunks: readonly (OpenChunk | SealedChunk)[]): Promise<AppendReply> {
    const headers = chunks.map((bytes) => peekChunk(bytes));
    headers.forEach((header, i) => {
      checkFingerprint(header, this.#layout);
      checkSize(header.length, chunks[i].length, this.#capacity);
    });
    let stored = 0;
    headers.forEach(({ writer, sequence, length }, i) => {
      if (sequence <= (this.#lastSequence.get(writer) ?? -1)) return;
      this.#lastSequence.set(writer, sequence);
      this.#newest++;
      this.#chunks.push(chunks[i]);
      this.#transitions += length;
      this.#inserted += length;
      this.#bytes += chunks[i].length;
      stored++;
      this.#evict();
    });
    return { stored, standing: this.#standing() };
  }

  /** Drops the oldest chunks until the rest fits; the newest always stays. */
  #evict(): void {
    const { transitions, bytes } = this.#capacity;
    while (this.#chunks.length > 1 && (this.#transitions > transitions || this.#bytes > bytes)) {
      const chunk = this.#chunks.shift();
      const length = lengthOf(chunk);
      this.#transitions -= length;
      this.#bytes -= chunk.length;
      this.#evicted += length;
    }
  }

  async follow(after: number, maxBytes: number): Promise<Followed> {
    const standing = this.#standing();
    const chunks: StoredChunk[] = [];
    let bytes = 0;
    for (let id = Math.max(after + 1, standing.oldest); id <= standing.newest && bytes < maxBytes; id++) {
      const chunk = this.#chunks.at(id - standing.oldest)!;
      chunks.push({ id, bytes: chunk });
      bytes += chunk.length;
    }
    return { chunks, standing };
  }

  async fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]> {
    const { oldest } = this.#standing();
    return ids.map((id) => this.#chunks.at(id - oldest) ?? null);
  }

  async recordSampled(transitions: number): Promise<ReplayStanding> {
    this.#sampled += transitions;
    return this.#standing();
  }

  async standing(): Promise<ReplayStanding> {
    return this.#standing();
  }

  async close(): Promise<void> {}

  #standing(): ReplayStanding {
    const oldest = this.#newest - this.#chunks.length + 1;
    return {
      generation: this.#generation,
      oldest,
      newest: this.#newest,
      transitions: this.#transitions,
      bytes: this.#bytes,
      insertedTotal: this.#inserted,
      evictedTotal: this.#evicted,
      sampledTotal: this.#sampled,
    };
  }
}
