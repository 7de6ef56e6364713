import type { ChunkPriorities, PriorityStore } from '../store/priority-store.ts';
import type { ReplayStanding, StoredChunk } from '../store/store.ts';
import type { Prioritized } from './prioritized.ts';
import type { ChunkRecord } from './transition-index.ts';

/** Chunks that go in one call: others wait no longer for Redis than that. */
const CHUNKS_A_CALL = 4096;

/** Keeps track of which chunks' priorities have changed, and saves those as they are at the time of saving. */
export class PrioritySaver {
  readonly #priorities: Prioritized;
  readonly #store: PriorityStore;
  readonly #fence: number;
  #unsaved: ChunkRecord[] = [];
  /** The newest chunk when this learner's view began: what came later has nothing saved. */
  #newestBefore: number | null = null;

  constructor(priorities: Prioritized, store: PriorityStore, fence: number) {
    this.#priorities = priorities;
    this.#store = store;
    this.#fence = fence;
  }

  /** Notes the first `count` of these chunks as changed. */
  touch(chunks: readonly ChunkRecord[], count: number): void {
    for (let i = 0; i < count; i++) {
      const chunk = chunks[i];
      if (chunk.unsaved) continue;
      chunk.unsaved = true;
      this.#unsaved.push(chunk);
    }
  }

  /** Saves what has changed until now. @throws what the store throws; what was not saved waits for the next call. */
  async save(generation: string): Promise<void> {
    const changed = this.#unsaved;
    this.#unsaved = [];
    // What changes from here on is for the next call too.
    for (const chunk of changed) chunk.unsaved = false;
    for (let first = 0; first < changed.length || first === 0; first += CHUNKS_A_CALL) {
      const portion = changed.slice(first, first + CHUNKS_A_CALL);
      try {
        await this.#store.savePriorities(generation, this.#read(portion), this.#fence);
      } catch (error) {
        const rest = changed.slice(first);
        this.touch(rest, rest.length);
        throw error;
      }
    }
  }

  #read(chunks: readonly ChunkRecord[]): ChunkPriorities[] {
    const read: ChunkPriorities[] = [];
    for (const chunk of chunks) {
      // Its leaves are another chunk's by now.
      if (chunk.dropped) continue;
      const values = new Float32Array(chunk.length);
      this.#priorities.read(chunk.start, values);
      read.push({ id: chunk.id, values });
    }
    return read;
  }

  /** Begins a new view: this learner may itself have saved priorities of the chunks that come again. */
  beginAnew(): void {
    this.#newestBefore = null;
  }

  /** What was saved of these chunks before this learner's view began; undefined where there can be nothing. */
  async load(
    chunks: readonly StoredChunk[],
    standing: ReplayStanding,
  ): Promise<(Float32Array | null)[] | undefined> {
    this.#newestBefore ??= standing.newest;
    if (chunks.length === 0 || chunks[0].id > this.#newestBefore) return undefined;
    return this.#store.loadPriorities(chunks.map(({ id }) => id));
  }
}
