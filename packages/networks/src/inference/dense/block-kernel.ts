import { denseWasm } from './dense-wasm.ts';
import { BLOCK_ROWS, type StackLayout } from './stack-layout.ts';

const module = new WebAssembly.Module(denseWasm);

/** The export of dense.wat. */
type Dense = (
  rows: number,
  inputs: number,
  outputs: number,
  x: number,
  kernel: number,
  bias: number,
  y: number,
  ends: number,
  lists: number,
  compress: number,
  floor: number,
) => void;

/** The way through a stack of dense layers, a block of rows at a time. */
export class BlockKernel {
  readonly #dense: Dense;
  readonly #layout: StackLayout;

  /** @param memory what the layout describes. */
  constructor(memory: WebAssembly.Memory, layout: StackLayout) {
    const instance = new WebAssembly.Instance(module, { memory: { memory } });
    this.#dense = (instance.exports as { dense: Dense }).dense;
    this.#layout = layout;
  }

  /** Computes the block of that number, of a vector of `rows` rows: from the input to the output of the layout. */
  run(block: number, rows: number): void {
    const { places, input, output, activations, ends, lists, compress } = this.#layout;
    const first = block * BLOCK_ROWS;
    const count = Math.min(BLOCK_ROWS, rows - first);
    const last = places.length - 1;
    let x = input + first * places[0].inputs * 4;
    for (let i = 0; i <= last; i++) {
      const { inputs, outputs, kernel, bias } = places[i];
      const y = i < last ? activations[i % 2] : output + first * outputs * 4;
      const floor = i < last ? 0 : Number.NEGATIVE_INFINITY;
      this.#dense(count, inputs, outputs, x, kernel, bias, y, ends, lists, compress, floor);
      x = y;
    }
  }
}
