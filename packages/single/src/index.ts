export type { SingleHooks, SingleProgress } from './hooks.ts';
export { type SingleOptions, type SingleResult, trainSingle } from './train-single.ts';
