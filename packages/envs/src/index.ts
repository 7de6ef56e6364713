export {
  allocateObservations,
  type Box,
  box,
  contains,
  type Discrete,
  discrete,
  elementName,
  isFloating,
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
export { containUserCode } from './contain-user-code.ts';
export { createEnvironment } from './create-environment.ts';
export {
  defineEnvironment,
  type OwnDefinition,
  type OwnEnvironment,
  type OwnStep,
} from './define-environment.ts';
export type { Environment, EnvironmentDefinition, StepOutcome, Transition } from './environment.ts';
export {
  EnvironmentDefinitionError,
  EnvironmentError,
  type EnvironmentPlace,
  UserCodeError,
} from './errors.ts';
export { type EnvironmentDescription, loadEnvironment, resolveEnvironment } from './load-environment.ts';
export { type EnvironmentOptions, findEnvironment, listEnvironments } from './registry.ts';
export { type EnvironmentTrace, traceEnvironment } from './trace.ts';
export { watchUserCalls } from './watch-user-calls.ts';
export type { OwnObservation } from './write-observation.ts';
