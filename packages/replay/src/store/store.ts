import type { SealedChunk } from '../chunk/encoded.ts';
/** The bounds of a replay: whichever is reached first, the oldest chunks go. */
export interface Capacity {
  readonly transitions: number;
  readonly bytes: number;
}

/** The reply to an append: how the replay stands, so that an actor can hold its side of the sample-to-insert ratio. */
export interface AppendReply {
  /** Chunks stored by this call; one that was stored before (a retry) is not counted. */
  readonly stored: number;
  readonly standing: ReplayStanding;
}

/** Counters never go back; `oldest` and `newest` are chunk ids (1, 2, 3 …; an empty replay has oldest = newest + 1). */
export interface ReplayStanding {
  /** Names this replay from its creation on: another one means that the old was lost and the ids start again. */
  readonly generation: string;
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

export interface Followed {
  readonly chunks: StoredChunk[];
  readonly standing: ReplayStanding;
  /**
   * What was followed before is there no longer, or not all of it: a server lost its last moments, and the same ids may
   * have gone to other chunks since. The follower begins again at 0.
   */
  readonly wentBack?: true;
}

/**
 * Where the experience is. It holds encoded chunks in the order they came, bounded in transitions and in
 * bytes, the oldest out first. It knows nothing of sampling: that is the learner's `Replay`, which follows a
 * store. Implementations: in memory, on Redis.
 */
export interface ReplayStore {
  /** Chunks stay in this process, so what is fetched may be open. Left out: they leave it. */
  readonly inProcess?: true;
  /**
   * Stores chunks in order, all or none. A chunk whose sequence is not above the last stored of its
   * writer was stored before and is left out, so a retry is safe; so a writer waits for one append (or gives up
   * its chunks) before it starts the next.
   * @throws ChunkError for a chunk that is foreign or of another format or layout; and when the store can't be reached.
   */
  append(chunks: readonly SealedChunk[]): Promise<AppendReply>;
  /**
   * Admits some of what actors handed in (`ReplayInbox`), in its order; what is no chunk of this replay is dropped and
   * counted. Left out: nothing is handed in.
   * @param fence as of `recordSampled`.
   * @returns how many entries are left.
   * @throws FencedError when a higher token was seen.
   */
  admit?(fence: number): Promise<number>;
  /** Chunks with the next ids above `after`, in order, up to about `maxBytes`: none only where there is none. */
  follow(after: number, maxBytes: number): Promise<Followed>;
  /** The chunks of these ids; null for one that was evicted. */
  fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]>;
  /**
   * Adds to the count of sampled transitions.
   * @param fence the learner's fencing token, which is known from then on; none: 0.
   * @throws FencedError when a higher token was seen.
   */
  recordSampled(transitions: number, fence?: number): Promise<ReplayStanding>;
  standing(): Promise<ReplayStanding>;
  close(): Promise<void>;
}

/** A store that can say who wrote to it. */
export interface WriterStore {
  /** The writers among these of whom a chunk was stored before, even if it was evicted since. */
  knownWriters(writers: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What became of what an actor handed in. */
export interface HandedIn {
  readonly standing: ReplayStanding;
  /** Chunks that came into the inbox since the last call that did not fail. */
  readonly entered: readonly SealedChunk[];
  /** Chunks that are known to be in the replay since this call. */
  readonly admitted: readonly SealedChunk[];
  /** Chunks that were given up: the replay did not admit them however often they were handed in. */
  readonly dropped: readonly SealedChunk[];
  /** Chunks that were found not to be in the replay, nor on their way: they are handed in again. */
  readonly again: number;
  /** How often another was found to write under this writer's name. It has a new one then. */
  readonly taken: number;
}

/** An actor's end of a replay: where it hands its chunks in, until the learner admits them. */
export interface Inbox {
  /** Chunks that are not known to have come in: with the next call they are sent (again). */
  readonly pending: readonly SealedChunk[];
  /**
   * Takes over chunks of one writer, in the order of their sequences, and hands in what is pending, or a part of
   * that; with nothing pending, it only looks. Nothing gets into the replay twice. One call is in flight at a time.
   * @throws ChunkError for a chunk that the replay would refuse: then none of these is taken over; ReplayMissingError; and
   *   when the replay can't be reached: then they are pending.
   */
  handIn(chunks: readonly SealedChunk[]): Promise<HandedIn>;
}
