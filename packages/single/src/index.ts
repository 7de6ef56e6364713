export type { SingleHooks, SingleProgress } from './hooks.ts';
export { MemoryReplay } from './memory-replay.ts';
export {
  checkpointsIn,
  copyModel,
  readCheckpoint,
  type TextCheckpoint,
} from './text/text-checkpoint.ts';
export { TextError } from './text/text-error.ts';
export { readText, type SplitText } from './text/text-file.ts';
export { CONTEXT, givenModel, newModel, type TextModel } from './text/text-model.ts';
export { TextRun, type TextRunConfig, type TextSummary } from './text/text-run.ts';
export { type TextProgress, type TextResult, trainText } from './text/train-text.ts';
export { type SingleOptions, type SingleResult, trainSingle } from './train-single.ts';
