import { transformerWasm } from './transformer-wasm.ts';

/** Tokens of a block of keys and values. */
export const BLOCK_TOKENS = 64;

/** Functions of numbers and addresses in bytes, as transformer.wat explains them. */
export interface TransformerKernel {
  multiply(
    rows: number,
    inputs: number,
    x: number,
    kernel: number,
    bias: number,
    y: number,
    stride: number,
    panels: number,
    adds: number,
  ): void;
  normalize(
    x: number,
    y: number,
    size: number,
    gain: number,
    bias: number,
    epsilon: number,
    centred: number,
  ): void;
  rotate(x: number, heads: number, size: number, half: number, cosines: number, sines: number): void;
  keep_keys(x: number, heads: number, size: number, block: number): void;
  keep_values(x: number, heads: number, size: number, block: number, token: number): void;
  attend(
    query: number,
    blocks: number,
    y: number,
    scores: number,
    keys: number,
    values: number,
    size: number,
    tokens: number,
    scale: number,
  ): void;
  activate(kind: number, x: number, y: number, size: number, gated: number): void;
}

const module = new WebAssembly.Module(transformerWasm);

/** The kernel on a memory, which threads may share. */
export function transformerKernel(memory: WebAssembly.Memory): TransformerKernel {
  return new WebAssembly.Instance(module, { memory: { memory } }).exports as TransformerKernel;
}
