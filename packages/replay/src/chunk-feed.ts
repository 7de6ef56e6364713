import type { ReplayStanding, ReplayStore, StoredChunk } from './store/store.ts';

/** Bytes that a call of the store's `follow` asks for. */
const FOLLOW_BYTES = 2 << 20;

/**
 * The learner's view of a store whose chunks are given once, in their order, after what was handed in is admitted: nothing is
 * kept for sampling.
 */
export class ChunkFeed {
  readonly #store: ReplayStore;
  readonly #fence: number;
  #standing: ReplayStanding | null = null;
  #followed = 0;
  #sampledUnrecorded = 0;
  #losses = 0;

  /** @param fence the learner's fencing token, which goes with all that it writes. */
  constructor(store: ReplayStore, fence: number) {
    this.#store = store;
    this.#fence = fence;
  }

  /** Times that the store had lost chunks, or all that it held. */
  get losses(): number {
    return this.#losses;
  }

  /**
   * Some of the chunks that came since the last call; none only where there is none.
   * @throws FencedError when a learner with a higher token has written; what the store throws when it can't be reached:
   *   then the next call goes on where this one stopped.
   */
  async next(): Promise<readonly StoredChunk[]> {
    const sampled = this.#sampledUnrecorded;
    // The first time also for nothing: from then on a learner of a lower token is refused.
    if (sampled > 0 || this.#standing === null) {
      await this.#store.recordSampled(sampled, this.#fence);
      this.#sampledUnrecorded -= sampled;
    }
    await this.#store.admit?.(this.#fence);
    const { chunks, standing, wentBack } = await this.#store.follow(this.#followed, FOLLOW_BYTES);
    if (wentBack || this.#wasLost(standing)) {
      this.#followed = 0;
      this.#standing = null;
      this.#losses++;
      return this.next();
    }
    this.#standing = standing;
    this.#followed = chunks.at(-1)?.id ?? this.#followed;
    return chunks;
  }

  /** Counts so many transitions as sampled; the next call tells the store. */
  countSampled(transitions: number): void {
    this.#sampledUnrecorded += transitions;
  }

  /** Whether the store is another than the one followed so far, or has gone back behind it. */
  #wasLost(standing: ReplayStanding): boolean {
    if (this.#standing === null) return false;
    return standing.generation !== this.#standing.generation || standing.newest < this.#followed;
  }
}
