export { lstmCore } from './cores/lstm.ts';
export { createNetwork } from './create-network.ts';
export { actionOutputs } from './heads/action-outputs.ts';
export { categoricalHead } from './heads/categorical.ts';
export type { Head, HeadFactory, HeadOptions, Reduce } from './heads/head.ts';
export { implicitQuantilesHead, middleLevels } from './heads/implicit-quantiles.ts';
export { quantilesHead } from './heads/quantiles.ts';
export { valuesHead } from './heads/values.ts';
export { createInference } from './inference/create-inference.ts';
export type { Inference, InferenceRows, ValuesOf } from './inference/inference.ts';
export { composeNetwork, type Network, type NetworkInput, type NetworkOutput } from './network.ts';
export { isStatistic, type Normalizer } from './normalizer.ts';
export { oneHot } from './one-hot.ts';
export { Packing } from './packing.ts';
export {
  checkParameters,
  initialParameters,
  multiplyAdds,
  type ParameterSpec,
  type Parameters,
} from './parameters.ts';
