/** The priorities of a chunk's transitions, as the learner's tree holds them: pᵢ^α. */
export interface ChunkPriorities {
  readonly id: number;
  readonly values: Float32Array;
}

/** Another learner has taken over: this one's writes are refused from now on. */
export class FencedError extends Error {
  override name = 'FencedError';
}

/** Where a learner's priorities are kept beside the chunks, for the learner after it. */
export interface PriorityStore {
  /**
   * Keeps the priorities of chunks of this generation; what is no longer held is left out.
   * @param fence the learner's fencing token, a rising integer (Kleppmann, "How to do distributed locking", 2016).
   * @throws FencedError when a higher token was seen.
   */
  savePriorities(generation: string, priorities: readonly ChunkPriorities[], fence: number): Promise<void>;
  /** What was saved last of these chunks; null where nothing was. */
  loadPriorities(ids: readonly number[]): Promise<(Float32Array | null)[]>;
}
