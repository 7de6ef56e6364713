export { type ErrorPolicy, errorPolicy } from './error-policy.ts';
export { type GreedyEpisodes, type GreedyEpisodesOptions, playGreedyEpisodes } from './greedy.ts';
export { initialPriority } from './initial-priority.ts';
export { layoutOf } from './layout-of.ts';
export { type EpisodeSummary, Rollout, type RolloutOptions } from './rollout.ts';
