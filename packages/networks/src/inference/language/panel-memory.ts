import { ModelError } from '../../language/model-error.ts';
import { denseWasm } from '../dense/dense-wasm.ts';
import { writeShuffles } from '../dense/stack-memory.ts';

/** Rows that dense.wat computes together. */
const BLOCK_ROWS = 16;

const PAGE_BYTES = 65_536;

/** What a WebAssembly memory can have at most. */
const MOST_BYTES = 65_535 * PAGE_BYTES;

/** The export of dense.wat that is used here. */
type Dense = (...addresses: number[]) => void;

const dense = new WebAssembly.Module(denseWasm);

/** A size as rows in memory have it: of whole SIMD vectors. */
const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** A dense layer in memory. Addresses are in bytes. */
export interface Matrix {
  readonly inputs: number;
  readonly outputs: number;
  /** Panels [padded inputs, 32] of 32 outputs each. */
  readonly kernel: number;
  readonly bias: number;
}

/** Hands out addresses, from which the size of a memory follows. */
export class Addresses {
  #end = 0;

  /** The bytes of all that was handed out. */
  get bytes(): number {
    return this.#end;
  }

  /** The first of so many bytes, which begin a cache line. */
  allocate(bytes: number): number {
    const start = this.#end;
    this.#end += Math.ceil(bytes / 64) * 64;
    return start;
  }

  matrix(inputs: number, outputs: number): Matrix {
    return {
      ...{ inputs, outputs },
      kernel: this.allocate(padded(inputs) * Math.ceil(outputs / 32) * 128),
      bias: this.allocate(padded(outputs) * 4),
    };
  }

  /** Rows of so many numbers each. */
  rows(count: number, size: number): number {
    return this.allocate(count * padded(size) * 4);
  }
}

/** A memory of dense layers and of the rows that they compute, with the kernel of `inference/dense`. */
export class PanelMemory {
  /** The whole of it. */
  readonly numbers: Float32Array;
  readonly #dense: Dense;
  readonly #shuffles: number;
  readonly #ends: number;
  readonly #lists: number;

  /**
   * @param addresses what was laid out.
   * @param widest the most inputs of a layer.
   * @throws ModelError for more than a WebAssembly memory can have.
   */
  constructor(addresses: Addresses, widest: number) {
    this.#shuffles = addresses.allocate(256);
    this.#ends = addresses.allocate(4 * BLOCK_ROWS);
    this.#lists = addresses.allocate(8 * (BLOCK_ROWS * padded(widest) + 2));
    if (addresses.bytes > MOST_BYTES)
      throw new ModelError(
        `The model takes ${addresses.bytes} bytes, and what generates text has room for ${MOST_BYTES}: take a smaller one.`,
      );
    const memory = new WebAssembly.Memory({ initial: Math.ceil(addresses.bytes / PAGE_BYTES) });
    this.numbers = new Float32Array(memory.buffer);
    writeShuffles(new Uint8Array(memory.buffer, this.#shuffles, 256));
    const { exports } = new WebAssembly.Instance(dense, { memory: { memory } });
    this.#dense = (exports as { dense: Dense }).dense;
  }

  /** A row of `size` numbers at an address, as they lie in memory. */
  row(address: number, size: number, row: number): Float32Array {
    const start = address / 4 + row * padded(size);
    return this.numbers.subarray(start, start + size);
  }

  /**
   * Writes a layer.
   *
   * @param kernel [inputs, outputs].
   * @param bias [outputs]; undefined: it has none.
   */
  write(
    { inputs, outputs, kernel: at, bias: biasAt }: Matrix,
    kernel: Float32Array,
    bias?: Float32Array,
  ): void {
    for (let o = 0; o < outputs; o += 32) {
      const panel = at / 4 + o * padded(inputs);
      const width = Math.min(32, outputs - o);
      for (let i = 0; i < inputs; i++) {
        const start = i * outputs + o;
        this.numbers.set(kernel.subarray(start, start + width), panel + i * 32);
      }
    }
    if (bias !== undefined) this.numbers.set(bias, biasAt / 4);
  }

  /** The same of a kernel that is [outputs, inputs], as the vectors of tokens are. */
  writeTransposed(
    { inputs, outputs, kernel: at, bias: biasAt }: Matrix,
    kernel: Float32Array,
    bias?: Float32Array,
  ): void {
    for (let o = 0; o < outputs; o++) {
      const column = at / 4 + (o - (o % 32)) * padded(inputs) + (o % 32);
      for (let i = 0; i < inputs; i++) this.numbers[column + i * 32] = kernel[o * inputs + i];
    }
    if (bias !== undefined) this.numbers.set(bias, biasAt / 4);
  }

  /** Copies the kernel's numbers of one output into `into`, [inputs]. */
  readOutput({ inputs, kernel: at }: Matrix, output: number, into: Float32Array): void {
    const column = at / 4 + (output - (output % 32)) * padded(inputs) + (output % 32);
    for (let i = 0; i < inputs; i++) into[i] = this.numbers[column + i * 32];
  }

  /**
   * y = x·kernel + bias, each row by itself.
   *
   * @param x the address of rows of inputs, whose padding holds zeros.
   * @param y where rows of outputs are written.
   * @param floor what outputs are at least: 0 is relu.
   */
  multiply(
    { inputs, outputs, kernel, bias }: Matrix,
    rows: number,
    x: number,
    y: number,
    floor = Number.NEGATIVE_INFINITY,
  ): void {
    const [taken, given] = [padded(inputs), padded(outputs)];
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      const [from, to] = [x + row * taken * 4, y + row * given * 4];
      this.#dense(
        ...[Math.min(BLOCK_ROWS, rows - row), taken, given, from, kernel, bias, to],
        ...[this.#ends, this.#lists, this.#shuffles, floor],
      );
    }
  }
}
