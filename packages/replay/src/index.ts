export type * from './batch.ts';
export { type BenchReplayOptions, benchReplay } from './bench/index.ts';
export type { PeerFigures, Peers } from './bench/peer.ts';
export type * from './chunk.ts';
export { ChunkBuilder, type ChunkBuilderOptions } from './chunk-builder.ts';
export { type ChunkHeader, peekChunk } from './chunk-header.ts';
export { decodeChunk, encodeChunk, encodeOpenChunk } from './codec.ts';
export { type Cadence, type ColumnSpec, type ColumnValues, MASK, maskColumn } from './columns.ts';
export { compressesWell } from './compression.ts';
export { describeLayout, layoutFingerprint, observationBytes, observationSize } from './layout.ts';
export { SampleToInsertLimiter, type SampleToInsertOptions } from './limiter.ts';
export { makeBatch, makeSequenceBatch, makeTransitionBatch } from './make-batch.ts';
export { type MemoryNeeds, memoryNeeds, type ReplaySize, transitionsHeld } from './memory-needs.ts';
export { MemoryReplayStore } from './memory-store.ts';
export { replayMemory } from './memory-usage.ts';
export { Prefetcher } from './prefetcher.ts';
export type { PrioritizedOptions } from './prioritized.ts';
export { type ChunkPriorities, FencedError, type PriorityStore } from './priority-store.ts';
export { type RatioFields, ratioLimiter } from './ratio-limiter.ts';
export { ReplayMissingError } from './redis/replies.ts';
export type { RedisClient } from './redis/scripts.ts';
export {
  createRedisReplay,
  openRedisReplay,
  openReplayInbox,
  replayFence,
  replayRefusals,
  type ShardAddress,
} from './redis-replay.ts';
export { RedisReplayStore } from './redis-store.ts';
export type { Refusals } from './refusals.ts';
export { Replay, type ReplayCounts, type ReplayOptions } from './replay.ts';
export { type SampleUnit, type SequenceUnit, type TransitionUnit, trainedSteps } from './sample-unit.ts';
export type { SampleOptions } from './sampler.ts';
export { compressChunk, sealChunk } from './seal.ts';
export { type ReplayShard, ShardedReplayStore } from './sharded-store.ts';
export type * from './store.ts';
export type { ReturnOptions } from './td-errors.ts';
export { sequencePriorities } from './units/sequence-priorities.ts';
export { ChunkError } from './validate-chunk.ts';
