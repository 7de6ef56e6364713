export { type AdamOptions, adam, adamSlots } from './adam.ts';
export { compile } from './compile/compile.ts';
export { TraceError } from './compile/trace.ts';
export type * from './compile/types.ts';
export { type LoadOptions, loadTensor } from './load.ts';
export { loadWasm } from './load-wasm.ts';
export type * from './named-tensors.ts';
export type * from './runtime.ts';
export { type DecodedTensors, decodeTensors, encodeTensors, type TensorMetadata } from './safetensors.ts';
