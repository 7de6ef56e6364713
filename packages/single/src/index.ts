export type { SingleHooks, SingleProgress } from './hooks.ts';
export { MemoryReplay } from './memory-replay.ts';
export { TextError } from './text/text-error.ts';
export { readText } from './text/text-file.ts';
export { CONTEXT, givenModel, newModel, type TextModel } from './text/text-model.ts';
export { checkpointsIn, TextRun } from './text/text-run.ts';
export { type TextProgress, type TextResult, trainText } from './text/train-text.ts';
export { type SingleOptions, type SingleResult, trainSingle } from './train-single.ts';
