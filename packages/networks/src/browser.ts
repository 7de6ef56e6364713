/** What of this package runs without Node: networks, how actors compute them, and how a decoder's text goes on. */
export { createNetwork, registerNetwork } from './create-network.ts';
export { distributionNetwork } from './distribution-network.ts';
export { categoricalHead } from './heads/categorical.ts';
export { implicitQuantilesHead, middleLevels } from './heads/implicit-quantiles.ts';
export { quantilesHead } from './heads/quantiles.ts';
export { tokenValueHeads } from './heads/token-values.ts';
export { valuesHead } from './heads/values.ts';
export { loadArchitecture } from './hub/no-architecture.ts';
export { createInference } from './inference/create-inference.ts';
export type { TokenOutputs } from './inference/language/decoder.ts';
export { DecoderKernel } from './inference/language/decoder-kernel.ts';
export { Generation, type GenerationOptions } from './language/generation.ts';
export { languageNetwork } from './language/language-network.ts';
export { chooseToken, GREEDY } from './language/sampling.ts';
export type { TokenSelector } from './language/token-selector.ts';
export { HiddenLayers } from './layers/dense.ts';
export { oneHot } from './one-hot.ts';
export { checkParameters } from './parameters.ts';
