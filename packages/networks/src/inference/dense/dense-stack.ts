import { BlockKernel } from './block-kernel.ts';
import type { DenseLayer } from './layer.ts';
import { BLOCK_ROWS, type LayerSize, layOut, type StackLayout } from './stack-layout.ts';
import { allocate, writeLayers } from './stack-memory.ts';

/** A stack of dense layers with relu between them, some normalised before it, in a WebAssembly memory of its own. */
export class DenseStack {
  /** The most rows of a `run`. */
  readonly rows: number;
  /** Where the caller writes the rows of a `run`, each of `stride` numbers: those after its inputs stay 0. */
  readonly input: Float32Array;
  readonly stride: number;
  readonly #layout: StackLayout;
  readonly #memory: Float32Array;
  readonly #kernel: BlockKernel;
  readonly #width: number;

  /** @param sizes of the layers, each one's inputs the outputs of the one before. */
  constructor(sizes: readonly LayerSize[]) {
    const layout = layOut(sizes);
    const memory = allocate(layout);
    this.#layout = layout;
    this.#memory = new Float32Array(memory.buffer);
    this.#kernel = new BlockKernel(memory, layout);
    this.#width = sizes[sizes.length - 1].outputs;
    this.rows = layout.rows;
    this.stride = layout.places[0].inputs;
    this.input = new Float32Array(memory.buffer, layout.input, layout.rows * this.stride);
  }

  /** Copies the layers' numbers in; they have the sizes that the stack was made for. */
  load(layers: readonly DenseLayer[]): void {
    writeLayers(this.#memory, this.#layout, layers);
  }

  /** Runs `rows` rows of `input` (1 to `this.rows`) and writes the last layer's [rows, outputs] to `out` at `start`. */
  run(rows: number, out: Float32Array, start: number): void {
    for (let block = 0; block * BLOCK_ROWS < rows; block++) this.#kernel.run(block, rows);
    const { places, output } = this.#layout;
    const stride = places[places.length - 1].outputs;
    let from = output / 4;
    let to = start;
    for (let row = 0; row < rows; row++, from += stride) {
      for (let i = 0; i < this.#width; i++) out[to++] = this.#memory[from + i];
    }
  }
}
