export {
  ConfigError,
  parseRunConfig,
  type RunConfig,
  runConfigOf,
  speaks,
  type TokenQRunConfig,
} from '@qfleet/config';
export type * from '@qfleet/envs';
export {
  box,
  defineEnvironment,
  defineTextEnvironment,
  dict,
  discrete,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  findTextEnvironment,
  listEnvironments,
  listTextEnvironments,
  multiDiscrete,
  tuple,
} from '@qfleet/envs';
export { Random } from '@qfleet/random';
export type { NamedTensors } from '@qfleet/tensor';
export { type NamedAction, nameActions } from './action-names.ts';
export { DialoguePlay, type DialogueTurn, type SaidToken } from './dialogue-play.ts';
export { moduleLibrary } from './module-library.ts';
export { Play, type PlayedStep, playedSpec } from './play.ts';
export { playSpeed } from './play-speed.ts';
export { RemotePlay, type RemoteStage, type StageRequest } from './remote-play.ts';
export { encodeStageState, type StageState } from './stage-message.ts';
export type { AboutRun, CheckpointEntry, CurvePoint, PageData, Standing } from './standing.ts';
export { readWeights } from './weights.ts';
