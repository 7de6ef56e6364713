/** What an append says back: how the replay stands, so that an actor can hold its side of the sample-to-insert ratio. */
export interface AppendReply {
  /** Chunks stored by this call; one that was stored before (a retry) is not counted. */
  readonly stored: number;
  readonly standing: ReplayStanding;
}

/** Counters never go back; `oldest` and `newest` are chunk ids (1, 2, 3 …; an empty replay has oldest = newest + 1). */
export interface ReplayStanding {
  readonly oldest: number;
  readonly newest: number;
  readonly transitions: number;
  readonly bytes: number;
  readonly insertedTotal: number;
  readonly evictedTotal: number;
  readonly sampledTotal: number;
}

export interface StoredChunk {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/**
 * Where the experience is. It holds encoded chunks in the order they came, bounded in transitions and in
 * bytes, the oldest out first. It knows nothing of sampling: that is the learner's `Replay`, which follows a
 * store. Implementations: in memory, on Redis.
 */
export interface ReplayStore {
  /** Stores encoded chunks, atomically each, in order. Throws when the store can't be reached; a retry is safe. */
  append(chunks: readonly Uint8Array[]): Promise<AppendReply>;
  /** The chunks with ids above `after`, in order, up to about `maxBytes`. */
  follow(after: number, maxBytes: number): Promise<{ chunks: StoredChunk[]; standing: ReplayStanding }>;
  /** The chunks of these ids; null for one that was evicted. */
  fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]>;
  /** Adds to the count of sampled transitions. */
  recordSampled(transitions: number): Promise<ReplayStanding>;
  standing(): Promise<ReplayStanding>;
  close(): Promise<void>;
}
