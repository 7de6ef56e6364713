export { describePolicy, type PolicyDescription } from './describe.ts';
export type { Episode } from './episode.ts';
export { EXPORTED, exportPolicy } from './export-policy.ts';
export {
  type ActOptions,
  type BatchOptions,
  type Decision,
  type Decisions,
  LoadedPolicy,
  loadPolicy,
} from './loaded-policy.ts';
export { PolicyError } from './policy-error.ts';
export { InputError, type Numbers } from './read-numbers.ts';
export { type PolicyServer, type ServeAddress, servePolicy } from './serve/server.ts';
export { checkpointOf, type ReadOptions, readTrained, type Trained, type Which } from './trained.ts';
