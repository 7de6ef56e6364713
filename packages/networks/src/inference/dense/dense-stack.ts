import type { ActingLayers } from '../acting-layers.ts';
import type { ConvolutionShape } from '../convolution/layer.ts';
import { writeConvolution, writeTaps } from '../convolution/place.ts';
import { BlockKernel } from './block-kernel.ts';
import { BLOCK_ROWS, type LayerSize, layOut, type StackLayout } from './stack-layout.ts';
import { allocate, writeLayers } from './stack-memory.ts';

/**
 * A stack of dense layers with relu between them, after a convolution or none, some normalised before their relu, in a
 * WebAssembly memory of its own.
 */
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

  /**
   * @param sizes of the dense layers, each one's inputs the outputs of the one before.
   * @param shape of the convolution before them; null: there is none.
   */
  constructor(sizes: readonly LayerSize[], shape: ConvolutionShape | null) {
    const layout = layOut(sizes, shape);
    const memory = allocate(layout);
    if (layout.convolution && shape) writeTaps(memory, layout.convolution, shape);
    this.#layout = layout;
    this.#memory = new Float32Array(memory.buffer);
    this.#kernel = new BlockKernel(memory, layout);
    this.#width = sizes[sizes.length - 1].outputs;
    this.rows = layout.rows;
    this.stride = layout.stride;
    this.input = new Float32Array(memory.buffer, layout.input, layout.rows * this.stride);
  }

  /** Copies the layers' numbers in; they have the sizes that the stack was made for. */
  load({ convolution, dense }: ActingLayers): void {
    const place = this.#layout.convolution;
    if (place && convolution) writeConvolution(this.#memory, place, convolution);
    writeLayers(this.#memory, this.#layout, dense);
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
