import { convolutionWasm } from '../convolution/convolution-wasm.ts';
import type { ConvolutionPlace } from '../convolution/place.ts';
import type { NormPlace } from '../norm.ts';
import { denseWasm } from './dense-wasm.ts';
import { BLOCK_ROWS, type StackLayout } from './stack-layout.ts';

const dense = new WebAssembly.Module(denseWasm);
let convolution: WebAssembly.Module | null = null;

/** What dense.wat exports: these two. */
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

/** The export of convolution.wat. */
type Convolve = (
  rows: number,
  inputs: number,
  outputs: number,
  x: number,
  taps: number,
  kernel: number,
  bias: number,
  y: number,
  kernelStep: number,
  outputStep: number,
  floor: number,
) => void;

/** The way through a stack of layers, a block of rows at a time. */
export class BlockKernel {
  readonly #dense: Dense;
  readonly #normalize: Normalize;
  /** Null where the layout has no convolution. */
  readonly #convolve: Convolve | null;
  readonly #layout: StackLayout;

  /** @param memory what the layout describes. */
  constructor(memory: WebAssembly.Memory, layout: StackLayout) {
    const imports = { memory: { memory } };
    const exported = new WebAssembly.Instance(dense, imports).exports;
    const { dense: computes, normalize } = exported as { dense: Dense; normalize: Normalize };
    this.#dense = computes;
    this.#normalize = normalize;
    this.#convolve = layout.convolution && convolveOf(imports);
    this.#layout = layout;
  }

  /** Computes the block of that number, of a vector of `rows` rows: from the input to the output of the layout. */
  run(block: number, rows: number): void {
    const { convolution, places, input, stride, output, activations, ends, lists, compress } = this.#layout;
    const first = block * BLOCK_ROWS;
    const count = Math.min(BLOCK_ROWS, rows - first);
    const last = places.length - 1;
    let x = input + first * stride * 4;
    if (convolution !== null) x = this.#convolved(convolution, count, x, activations[1]);
    for (let i = 0; i <= last; i++) {
      const { inputs, outputs, kernel, bias, norm } = places[i];
      const y = i < last ? activations[i % 2] : output + first * outputs * 4;
      const floor = i < last ? floorOf(norm) : Number.NEGATIVE_INFINITY;
      this.#dense(count, inputs, outputs, x, kernel, bias, y, ends, lists, compress, floor);
      if (norm !== null) this.#normalized(norm, count, outputs, y);
      x = y;
    }
  }

  /** @returns `y`, where the convolution of the rows at `x` then lies. */
  #convolved(place: ConvolutionPlace, rows: number, x: number, y: number): number {
    const { inputs, outputs, taps, kernel, bias, kernelStep, outputStep, norm } = place;
    const floor = floorOf(norm);
    this.#convolve!(rows, inputs, outputs, x, taps, kernel, bias, y, kernelStep, outputStep, floor);
    if (norm !== null) this.#normalized(norm, rows, outputs, y);
    return y;
  }

  /** Normalises the rows at `y`, each of `width` numbers, and takes their relu. */
  #normalized(
    { groups, units, gain, bias, epsilon }: NormPlace,
    rows: number,
    width: number,
    y: number,
  ): void {
    this.#normalize(rows, width * 4, groups, units, gain, bias, y, epsilon);
  }
}

/** What a hidden layer's sums are at least: relu comes after a norm where there is one. */
const floorOf = (norm: NormPlace | null): number => (norm === null ? 0 : Number.NEGATIVE_INFINITY);

/** The module is compiled once, where a network needs it. */
function convolveOf(imports: { memory: { memory: WebAssembly.Memory } }): Convolve {
  convolution ??= new WebAssembly.Module(convolutionWasm);
  return (new WebAssembly.Instance(convolution, imports).exports as { convolve: Convolve }).convolve;
}
