export type { InfoNumbers } from '@qfleet/envs';
export { meanInfo } from './episode-info.ts';
export { type ErrorPolicy, errorPolicy } from './error-policy.ts';
export { type GreedyEpisodes, type GreedyEpisodesOptions, playGreedyEpisodes } from './greedy.ts';
export { initialPriority } from './initial-priority.ts';
export { layoutOf, openTask, type Task } from './open-task.ts';
export { type EpisodeSummary, Rollout, type RolloutOptions } from './rollout.ts';
export { type RoundOrigin, roundChunks, roundLayout, takeRoundChunk } from './round-chunks.ts';
export { RoundRollout, type RoundRolloutOptions } from './round-rollout.ts';
