import { denseWasm } from './dense-wasm.ts';
import { BLOCK_ROWS, type StackLayout } from './stack-layout.ts';

const module = new WebAssembly.Module(denseWasm);

/** The exports of dense.wat. */
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

type Normalize = (
  rows: number,
  stride: number,
  groups: number,
  units: number,
  gain: number,
  bias: number,
  y: number,
  epsilon: number,
) => void;

/** The way through a stack of dense layers, a block of rows at a time. */
export class BlockKernel {
  readonly #dense: Dense;
  readonly #normalize: Normalize;
  readonly #layout: StackLayout;

  /** @param memory what the layout describes. */
  constructor(memory: WebAssembly.Memory, layout: StackLayout) {
    const instance = new WebAssembly.Instance(module, { memory: { memory } });
    const exported = instance.exports as { dense: Dense; normalize: Normalize };
    this.#dense = exported.dense;
    this.#normalize = exported.normalize;
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
      const { inputs, outputs, kernel, bias, norm } = places[i];
      const y = i < last ? activations[i % 2] : output + first * outputs * 4;
      const floor = i < last && norm === null ? 0 : Number.NEGATIVE_INFINITY;
      this.#dense(count, inputs, outputs, x, kernel, bias, y, ends, lists, compress, floor);
      if (norm !== null) {
        const { groups, units, gain, bias: shift, epsilon } = norm;
        this.#normalize(count, outputs * 4, groups, units, gain, shift, y, epsilon);
      }
      x = y;
    }
  }
}
