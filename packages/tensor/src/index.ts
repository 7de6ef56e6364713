export { TraceError } from './compile/apply.ts';
export { compile } from './compile/compile.ts';
export type * from './compile/types.ts';
export { type Finding, type Inspection, inspect } from './inspect.ts';
export { type LoadOptions, loadedTensor, loadTensor, slowRuntimeNote, TensorRuntimeError } from './load.ts';
export { loadWasm } from './load-wasm.ts';
export type * from './named-tensors.ts';
export { type AdamOptions, adam, type Decays } from './optimizers/adam.ts';
export { initialSlots, type Optimizer } from './optimizers/optimizer.ts';
export { type RadamOptions, radam } from './optimizers/radam.ts';
export { type RmspropOptions, rmsprop } from './optimizers/rmsprop.ts';
export { type SgdOptions, sgd } from './optimizers/sgd.ts';
export type { Parallelism } from './parallelism.ts';
export { randomNormal, randomUniform } from './random.ts';
export type * from './runtime.ts';
export {
  type DecodedTensors,
  decodeTensors,
  encodeTensors,
  TensorEncoding,
  type TensorMetadata,
} from './safetensors.ts';
export { stopGradient } from './stop-gradient.ts';
export { writeRows } from './write-rows.ts';
