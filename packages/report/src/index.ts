export { writeFileAtomically } from './atomic-write.ts';
export { type BandLine, type BandPoint, drawBands } from './band-chart.ts';
export { LockedError, RunDirectoryError } from './errors.ts';
export { type GivenDialogues, type Launch, readLaunch, redisFolderOf, writeLaunch } from './launch.ts';
export { drawLearningCurves, type LearningCurves } from './learning-curves.ts';
export type { Lock } from './lock.ts';
export { isRunning } from './lock-holder.ts';
export { readTextFile } from './read-file.ts';
export type { MetricsRow, Recorded, RunSummary } from './records.ts';
export { defaultRunPath, markLatest, modelPath, RunDirectory } from './run-directory.ts';
export {
  type BootstrapOptions,
  type Interval,
  independentBootstrap,
  stratifiedBootstrap,
} from './statistics/bootstrap.ts';
export { fractionAbove, optimalityGap, probabilityOfImprovement } from './statistics/comparisons.ts';
export { interquartileMean, meanOf, quantile, standardError } from './statistics/means.ts';
export { StorageError, storageError } from './storage-error.ts';
