export { forward, oneHot, type Parameters } from './forward.ts';
export { Mlp } from './mlp.ts';
export { Packing } from './packing.ts';
export {
  checkParameters,
  initialParameters,
  multiplyAdds,
  type ParameterSpec,
  parameterSpecs,
} from './parameters.ts';
export { elementsOf, inputSize, type Signature, stateDType, stateShape } from './signature.ts';
