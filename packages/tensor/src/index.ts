export { type LoadOptions, loadTensor } from './load.ts';
export { loadWasm } from './load-wasm.ts';
export type * from './named-tensors.ts';
export type * from './runtime.ts';
export { type DecodedTensors, decodeTensors, encodeTensors, type TensorMetadata } from './safetensors.ts';
