export { lstmCore } from './cores/lstm.ts';
export { createNetwork, registerNetwork, type TorsoMaker } from './create-network.ts';
export { distributionNetwork } from './distribution-network.ts';
export { actionOutputs } from './heads/action-outputs.ts';
export { categoricalHead } from './heads/categorical.ts';
export type { Head, HeadFactory, HeadOptions, Reduce } from './heads/head.ts';
export { implicitQuantilesHead, middleLevels } from './heads/implicit-quantiles.ts';
export { quantilesHead } from './heads/quantiles.ts';
export { type TokenValueName, type TokenValueOptions, tokenValueHeads } from './heads/token-values.ts';
export { valuesHead } from './heads/values.ts';
export { copyModelFiles, loadArchitecture } from './hub/architecture.ts';
export { copyModelDirectory } from './hub/copy-model.ts';
export type { ModelType } from './hub/families/known.ts';
export { type AboutModel, type HubModel, loadEnds, loadModel, loadTokenizer } from './hub/model.ts';
export { writeDecoderFiles, writeNewDecoder } from './hub/new-decoder.ts';
export { saveWeights } from './hub/save-weights.ts';
export { bytesTokenizer, NO_TEXT, vocabularyTokenizer } from './hub/task-tokenizer.ts';
export type { TextTokenizer } from './hub/tokenizer.ts';
export { trainTokenizer } from './hub/train-tokenizer.ts';
export { loadValueHeads, saveValueHeads } from './hub/value-heads.ts';
export { createInference } from './inference/create-inference.ts';
export type { Inference, InferenceRows, ValuesOf } from './inference/inference.ts';
export { createDecoder } from './inference/language/create-decoder.ts';
export type { Decoder, TokenHead, TokenOutputs, TokenSteps } from './inference/language/decoder.ts';
export { DecoderGraph } from './inference/language/decoder-graph.ts';
export { DecoderKernel } from './inference/language/decoder-kernel.ts';
export { Dialogue, type DialogueEvent } from './language/dialogue.ts';
export { evaluateRows, type RowOutputs, type TokenRows } from './language/evaluate.ts';
export { type GeneratedToken, Generation, type GenerationOptions } from './language/generation.ts';
export {
  type LanguageNetwork,
  languageNetwork,
  type ValueHeadsOptions,
} from './language/language-network.ts';
export { ModelError } from './language/model-error.ts';
export { textPositions } from './language/positions.ts';
export { chooseToken, GREEDY, type Sampling } from './language/sampling.ts';
export {
  greedyTokens,
  type Steering,
  sampledTokens,
  steeredTokens,
  type TokenSelector,
} from './language/token-selector.ts';
export type { TransformerShape } from './language/transformer-shape.ts';
export { HiddenLayers } from './layers/dense.ts';
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
export { sentenceVectors } from './torsos/encoder.ts';
export type { TokenInput, TokenTorso } from './torsos/token-torso.ts';
export type { Torso } from './torsos/torso.ts';
