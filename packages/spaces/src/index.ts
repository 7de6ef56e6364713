export { type Cadence, type ColumnSpec, type ColumnValues, columnWidth } from './columns.ts';
export { describe } from './describe.ts';
export { Memory } from './memory.ts';
export {
  allocateObservations,
  type Box,
  box,
  contains,
  type Discrete,
  discrete,
  elementName,
  fits,
  isFloating,
  listsOf,
  MOST_LISTS,
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
  refuseUnknown,
  type Space,
} from './spaces.ts';
export {
  elementsOf,
  inputSize,
  type StateSpec,
  stateDType,
  stateShape,
  stateSize,
  type TokenSpec,
  tensorDType,
} from './state-spec.ts';
export { unknownName } from './unknown-name.ts';
