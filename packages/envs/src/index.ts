export { benchEnvs } from './bench.ts';
export { createEnvironment } from './create-environment.ts';
export {
  defineEnvironment,
  type OwnDefinition,
  type OwnEnvironment,
  type OwnObservation,
  type OwnStep,
} from './define-environment.ts';
export type { Environment, EnvironmentDefinition, StepOutcome, Transition } from './environment.ts';
export { EnvironmentDefinitionError, EnvironmentError, type EnvironmentPlace } from './errors.ts';
export { type EnvironmentDescription, loadEnvironment, resolveEnvironment } from './load-environment.ts';
export { type EnvironmentOptions, findEnvironment, listEnvironments } from './registry.ts';
export {
  allocateObservations,
  type Box,
  box,
  contains,
  type Discrete,
  discrete,
  type ObservationArray,
  type ObservationDType,
  observationArrays,
  observationDType,
  observationRows,
  observationShape,
  observationSize,
  type Space,
} from './spaces.ts';
export { type EnvironmentTrace, traceEnvironment } from './trace.ts';
