export { writeFileAtomically } from './atomic-write.ts';
export { LockedError, RunDirectoryError } from './errors.ts';
export type { Lock } from './lock.ts';
export { isRunning } from './lock-holder.ts';
export { readTextFile } from './read-file.ts';
export type { MetricsRow, RunSummary } from './records.ts';
export { defaultRunPath, markLatest, RunDirectory } from './run-directory.ts';
export { StorageError, storageError } from './storage-error.ts';
