import type { Layout } from './chunk/chunk.ts';
import { compressesWell } from './chunk/compression.ts';
import { HEADER } from './chunk/header.ts';
import { observationBytes } from './chunk/layout.ts';
import { cachedRows } from './sampling/observation-cache.ts';

/** The fields of a configuration that the size of a replay follows from. */
export interface ReplaySize {
  /** Transitions. */
  readonly capacity: number;
  /** Bytes of chunks. */
  readonly capacityBytes: number;
  /** Steps a chunk, at most. */
  readonly chunkLength: number;
  /** Bytes of observations that the learner caches. */
  readonly cacheBytes: number;
  readonly prioritized: boolean;
}

/** Bytes that a replay takes once it is full. */
export interface MemoryNeeds {
  /** Bytes of the chunks, where the store is: on Redis, or in this process. */
  readonly store: number;
  /** Bytes of the learner's index and its cache of observations. */
  readonly learner: number;
}

/** Bytes of a writer's name, with padding. */
const WRITER = 24;
/** Bytes of a leaf in the index, and of one in the trees of priorities. */
const INDEX_LEAF = 16;
const PRIORITY_LEAF = 16;
/** Bytes of a token with its speaker and its share of the rewards. */
const TOKEN_BYTES = 4;
/** By how much a frame is made smaller at best, as games' frames are. */
const BEST_COMPRESSION = 300;

/** Bytes of a chunk of full length; `best`: with its frames as small as compression may make them. */
function chunkBytes(layout: Layout, { chunkLength, prioritized }: ReplaySize, best: boolean): number {
  // As many tokens of the environment's as of the agent's.
  if (layout.tokens) return HEADER + WRITER + chunkLength * 2 * TOKEN_BYTES;
  const observations = (chunkLength + 1) * observationBytes(layout);
  const smallest = best && compressesWell(layout) ? observations / BEST_COMPRESSION : observations;
  return HEADER + WRITER + chunkLength * (prioritized ? 12 : 8) + smallest;
}

/** Transitions that `capacityBytes` holds at most, in full chunks. Short episodes make shorter ones, which hold fewer. */
export function transitionsHeld(layout: Layout, size: ReplaySize): number {
  return Math.floor(size.capacityBytes / chunkBytes(layout, size, true)) * size.chunkLength;
}

/** What a replay takes once it is full of full chunks that compression made no smaller. */
export function memoryNeeds(layout: Layout, size: ReplaySize): MemoryNeeds {
  const chunks = Math.ceil(size.capacity / size.chunkLength);
  const leaves = 2 ** Math.ceil(Math.log2(size.capacity));
  const index = leaves * (INDEX_LEAF + (size.prioritized ? PRIORITY_LEAF : 0));
  return {
    store: Math.min(size.capacityBytes, chunks * chunkBytes(layout, size, false)),
    // The learner keeps tokens in its index.
    learner:
      index +
      (layout.tokens
        ? chunks * size.chunkLength * 2 * 5
        : cachedRows(layout, size) * observationBytes(layout)),
  };
}
