export { ChunkBuilder, type ChunkBuilderOptions } from './chunk/builder.ts';
export type * from './chunk/chunk.ts';
export { decodeChunk, encodeChunk, encodeOpenChunk } from './chunk/codec.ts';
export {
  type Cadence,
  type ColumnSpec,
  type ColumnValues,
  columnWidth,
  MASK,
  maskColumn,
} from './chunk/columns.ts';
export { compressesWell } from './chunk/compression.ts';
export type { OpenChunk, SealedChunk } from './chunk/encoded.ts';
export { type ChunkHeader, peekChunk } from './chunk/header.ts';
export {
  describeLayout,
  layoutFingerprint,
  observationBytes,
  observationSize,
  parseLayout,
  type StoredLayout,
  storedLayout,
} from './chunk/layout.ts';
export { compressChunk, sealChunk } from './chunk/seal.ts';
export type { ReturnOptions } from './chunk/td-errors.ts';
export { DialogueBuilder, type DialogueBuilderOptions } from './chunk/tokens/builder.ts';
export { decodeTokenChunk, encodeTokenChunk } from './chunk/tokens/codec.ts';
export { tokenLayout } from './chunk/tokens/layout.ts';
export {
  asChunk,
  asTokenChunk,
  begins,
  fullTokens,
  isAgents,
  SPEAKER,
  type TokenChunk,
} from './chunk/tokens/token-chunk.ts';
export { ChunkError } from './chunk/validate.ts';
export { ChunkFeed } from './chunk-feed.ts';
export { SampleToInsertLimiter, type SampleToInsertOptions } from './limiter.ts';
export { type MemoryNeeds, memoryNeeds, type ReplaySize, transitionsHeld } from './memory-needs.ts';
export { Prefetcher } from './prefetcher.ts';
export { type RatioFields, ratioLimiter } from './ratio-limiter.ts';
export { Replay, type ReplayCounts, type ReplayOptions } from './replay.ts';
export type * from './sampling/batch.ts';
export type { DialogueBatch } from './sampling/dialogues/dialogue-batch.ts';
export type { DrawnChunk } from './sampling/dialogues/dialogue-sampler.ts';
export { makeBatch, makeSequenceBatch, makeTransitionBatch } from './sampling/make-batch.ts';
export type { PrioritizedOptions } from './sampling/prioritized.ts';
export {
  type DialogueUnit,
  type RewardShaping,
  rewardShaping,
  type SampleUnit,
  type SequenceUnit,
  type StepUnit,
  shapeReward,
  type TransitionUnit,
  trainedSteps,
} from './sampling/sample-unit.ts';
export type { SampleOptions } from './sampling/sampler.ts';
export { SumTree } from './sampling/sum-tree.ts';
export { sequencePriorities } from './sampling/units/sequence-priorities.ts';
export { MemoryReplayStore } from './store/memory-store.ts';
export { type ChunkPriorities, FencedError, type PriorityStore } from './store/priority-store.ts';
export { replayMemory } from './store/redis/memory-usage.ts';
export {
  createRedisReplay,
  openRedisReplay,
  openReplayInbox,
  replayFence,
  replayRefusals,
  type ShardAddress,
} from './store/redis/redis-replay.ts';
export { RedisReplayStore } from './store/redis/redis-store.ts';
export type { Refusals } from './store/redis/refusals.ts';
export { ReplayMissingError } from './store/redis/replies.ts';
export { FENCE, MOST_TOKENS } from './store/redis/scripts/fence.lua.ts';
export type { RedisClient } from './store/redis/scripts.ts';
export { type ReplayShard, ShardedReplayStore } from './store/sharded-store.ts';
export type * from './store/store.ts';
