import type { DenseLayer } from './dense.ts';
import { denseWasm } from './dense-wasm.ts';

/** Rows of a call: a hidden layer's activations then stay in the second-level cache. */
const ROWS = 64;

/** The export of dense.wat; addresses in bytes. */
type Dense = (
  rows: number,
  inputs: number,
  outputs: number,
  x: number,
  kernel: number,
  bias: number,
  y: number,
  list: number,
  floor: number,
) => void;

/** A layer's place in the module's memory, its outputs padded to whole SIMD vectors. */
interface Place {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly bias: number;
}

const module = new WebAssembly.Module(denseWasm);
const padded = (outputs: number): number => Math.ceil(outputs / 4) * 4;

/** A stack of dense layers with relu between them, in the memory of a WebAssembly module of its own. */
export class DenseStack {
  /** The most rows of a `run`. */
  readonly rows = ROWS;
  /** Where the caller writes the rows of a `run`. */
  readonly input: Float32Array;
  readonly #memory: Float32Array;
  readonly #dense: Dense;
  readonly #places: readonly Place[];
  /** Activations go back and forth between the two. */
  readonly #buffers: readonly [number, number];
  readonly #list: number;
  readonly #width: number;

  /** @param sizes of the layers, each one's inputs the outputs of the one before. */
  constructor(sizes: readonly { readonly inputs: number; readonly outputs: number }[]) {
    const { memory, dense } = new WebAssembly.Instance(module).exports as unknown as {
      memory: WebAssembly.Memory;
      dense: Dense;
    };
    let end = 0;
    const allocate = (floats: number): number => {
      const start = end;
      // Whole cache lines.
      end += Math.ceil(floats / 16) * 64;
      return start;
    };
    this.#places = sizes.map(({ inputs, outputs }, i) => {
      const rows = i === 0 ? inputs : padded(inputs);
      return {
        inputs: rows,
        outputs: padded(outputs),
        kernel: allocate(rows * padded(outputs)),
        bias: allocate(padded(outputs)),
      };
    });
    const widest = Math.max(...this.#places.flatMap(({ inputs, outputs }) => [inputs, outputs]));
    this.#buffers = [allocate(ROWS * widest), allocate(ROWS * widest)];
    this.#list = allocate(2 * (widest + 1));
    const pages = Math.ceil(end / 65_536) - memory.buffer.byteLength / 65_536;
    if (pages > 0) memory.grow(pages);
    this.#memory = new Float32Array(memory.buffer);
    this.#dense = dense;
    this.#width = sizes[sizes.length - 1].outputs;
    this.input = this.#memory.subarray(this.#buffers[0] / 4, this.#buffers[0] / 4 + ROWS * widest);
  }

  /** Copies the layers' numbers in; they have the sizes that the stack was made for. */
  load(layers: readonly DenseLayer[]): void {
    for (const [i, { inputs, outputs, kernel, bias }] of layers.entries()) {
      const place = this.#places[i];
      for (let row = 0; row < inputs; row++) {
        const start = place.kernel / 4 + row * place.outputs;
        this.#memory.set(kernel.subarray(row * outputs, (row + 1) * outputs), start);
      }
      this.#memory.set(bias, place.bias / 4);
    }
  }

  /** Runs `rows` rows of `input` (1 to `this.rows`) and writes the last layer's [rows, outputs] to `out` at `start`. */
  run(rows: number, out: Float32Array, start: number): void {
    const last = this.#places.length - 1;
    for (let i = 0; i <= last; i++) {
      const { inputs, outputs, kernel, bias } = this.#places[i];
      const x = this.#buffers[i % 2];
      const y = this.#buffers[1 - (i % 2)];
      const floor = i < last ? 0 : Number.NEGATIVE_INFINITY;
      this.#dense(rows, inputs, outputs, x, kernel, bias, y, this.#list, floor);
    }
    const stride = this.#places[last].outputs;
    let from = this.#buffers[1 - (last % 2)] / 4;
    let to = start;
    for (let row = 0; row < rows; row++, from += stride) {
      for (let i = 0; i < this.#width; i++) out[to++] = this.#memory[from + i];
    }
  }
}
