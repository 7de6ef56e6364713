export * from './create-environment.ts';
export type * from './environment.ts';
export * from './errors.ts';
export * from './registry.ts';
export {
  allocateObservations,
  type Box,
  box,
  contains,
  type Discrete,
  discrete,
  type ObservationArray,
  type ObservationDType,
  observationDType,
  observationRows,
  observationShape,
  observationSize,
  type Space,
} from './spaces.ts';
