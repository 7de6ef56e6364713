export type { SingleHooks, SingleProgress } from './hooks.ts';
export { MemoryReplay } from './memory-replay.ts';
export { type SingleOptions, type SingleResult, trainSingle } from './train-single.ts';
