export {
  allocateObservations,
  type Box,
  box,
  contains,
  type Discrete,
  discrete,
  elementName,
  isFloating,
  type MultiDiscrete,
  multiDiscrete,
  type ObservationArray,
  type ObservationDType,
  type ObservationPart,
  observationArrays,
  observationDType,
  observationRows,
  observationShape,
  observationSize,
  type Space,
} from '@qfleet/spaces';
export { checkEnvironment, type EnvironmentCheck } from './check-environment.ts';
export { type Dict, dict, type OwnSpace, type Tuple, tuple } from './composite.ts';
export { createEnvironment } from './create-environment.ts';
export { createVectorEnvironment } from './create-vector-environment.ts';
export {
  adaptDefinition,
  defineEnvironment,
  type OwnDefinition,
  type OwnEnvironment,
  type OwnStep,
} from './define-environment.ts';
export { type DrawingContext, drawPicture } from './drawing/canvas.ts';
export { type DrawnPlay, drawEnvironment } from './drawing/draw-environment.ts';
export type { Frame } from './drawing/frame.ts';
export type {
  Circle,
  LegendEntry,
  Lines,
  Picture,
  Point,
  Polygon,
  Rectangle,
  Shape,
} from './drawing/picture.ts';
export { writeSvg } from './drawing/svg.ts';
export type { Environment, EnvironmentDefinition, StepOutcome, Transition } from './environment.ts';
export {
  ContractError,
  EnvironmentDefinitionError,
  EnvironmentError,
  type EnvironmentPlace,
  UserCodeError,
  WorkerFailure,
} from './errors.ts';
export { moduleDefinition } from './module-definition.ts';
export { environmentsLike, findEnvironment, listEnvironments } from './registry.ts';
export type { EnvironmentOptions } from './registry-entry.ts';
export { enterUserCode, leaveUserCode, running, type UserCallWatch } from './running.ts';
export { stateSpecOf } from './state-spec-of.ts';
export {
  type InfoNumbers,
  infoNumber,
  isInfoName,
  LARGEST_INFO,
  MOST_INFO_NAME,
  MOST_INFO_NAMES,
  type StepInfo,
} from './step-info.ts';
export { type AnyDefinition, isText } from './text/any-definition.ts';
export { askLegal } from './text/ask-legal.ts';
export { byteTokenizer } from './text/byte-tokenizer.ts';
export { checkTextEnvironment, type TextCheck } from './text/check-text-environment.ts';
export { createTextEnvironment } from './text/create-text-environment.ts';
export {
  adaptTextDefinition,
  defineTextEnvironment,
  type OwnTextDefinition,
  type OwnTextEnvironment,
  type OwnTextStep,
} from './text/define-text-environment.ts';
export { GrowingText } from './text/growing-text.ts';
export { type Legal, legalAmong } from './text/legal-utterances.ts';
export { mazeValues } from './text/maze/grid.ts';
export { nameToken } from './text/name-token.ts';
export { boundEpisodes, generateEpisodes, playEpisode, returnOf } from './text/play-episode.ts';
export { findTextEnvironment, isTextEnvironment, listTextEnvironments } from './text/registry.ts';
export { takeEpisode } from './text/take-episode.ts';
export type {
  KnownReturns,
  Speaker,
  TextData,
  TextDefinition,
  TextEnvironment,
  TextEpisode,
  TextPolicy,
  TextStep,
  Turn,
} from './text/text-environment.ts';
export type { Tokenizer } from './text/tokenizer.ts';
export { type TextTrace, traceTextEnvironment } from './text/trace-text.ts';
export { utteranceProblem } from './text/utterance-problem.ts';
export { Vocabulary } from './text/vocabulary.ts';
export { walkReturns } from './text/walks/returns.ts';
export { walksGraph } from './text/walks/walks.ts';
export { withTokenizer } from './text/with-tokenizer.ts';
export { isOwnFrame, shortPath, thrownText, userFrame } from './thrown.ts';
export { type EnvironmentTrace, type NestedObservation, traceEnvironment, traceOptions } from './trace.ts';
export type { RowArrays, VectorEnvironment } from './vector-environment.ts';
export { repeatActions } from './wrappers/action-repeat.ts';
export { stackFrames } from './wrappers/frame-stack.ts';
export { limitSteps } from './wrappers/step-limit.ts';
export { stickActions } from './wrappers/sticky-actions.ts';
export { type EnvironmentWrappers, wrapEnvironment } from './wrappers/wrap-environment.ts';
export type { OwnObservation } from './write-observation.ts';
