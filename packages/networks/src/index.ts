export { forward, type Parameters } from './forward.ts';
export { createMlp, type Mlp } from './mlp.ts';
export { checkParameters, initialParameters, type ParameterSpec, parameterSpecs } from './parameters.ts';
export { elementsOf, inputSize, type Signature } from './signature.ts';
