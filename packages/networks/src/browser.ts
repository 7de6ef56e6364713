/** What of this package runs without Node: networks on observations, and how actors compute them. */
export { createNetwork } from './create-network.ts';
export { distributionNetwork } from './distribution-network.ts';
export { categoricalHead } from './heads/categorical.ts';
export { implicitQuantilesHead, middleLevels } from './heads/implicit-quantiles.ts';
export { quantilesHead } from './heads/quantiles.ts';
export { valuesHead } from './heads/values.ts';
export { loadArchitecture } from './hub/no-architecture.ts';
export { createInference } from './inference/create-inference.ts';
export { languageNetwork } from './language/language-network.ts';
export { oneHot } from './one-hot.ts';
export { checkParameters } from './parameters.ts';
