import type { Binding } from '../binding.ts';
import { type Block, type InputShape, layOut, offsetOf, ROW_WORDS } from './layout.ts';
import type { NativeProgram } from './program.ts';
import type { Trace } from './trace.ts';
import type { Inputs, Outputs } from './types.ts';
import { DT, elementsOf } from './values.ts';

/** One set of shapes of one function: its place in the graph, and the memory that it is fed from. */
export class Specialization {
  readonly #program: NativeProgram;
  readonly #index: number;
  readonly #views: readonly (readonly (Float32Array | Int32Array | Uint8Array)[])[];
  readonly #feed: FeedBuffer;
  /** The values of all outputs together. */
  readonly #words: number;
  readonly #outputs: readonly { name: string; length: number; integer: boolean }[];

  constructor(program: NativeProgram, traced: Trace, inputs: readonly InputShape[], unroll: number) {
    this.#program = program;
    this.#index = program.add({ trace: traced, inputs, unroll });
    const { blocks, rows } = layOut(inputs, unroll);
    this.#feed = new FeedBuffer(program.binding, rows);
    this.#views = Array.from({ length: unroll }, (_, k) =>
      inputs.map(({ name }) => {
        const block = blocks.find(({ names }) => names.includes(name))!;
        return viewOf(this.#feed.buffer, block, offsetOf(block, k, block.names.indexOf(name)));
      }),
    );
    this.#outputs = [...traced.outputs].map(([name, { shape, dtype }]) => ({
      name,
      length: elementsOf(shape) * unroll,
      integer: dtype !== DT.float32,
    }));
    this.#words = this.#outputs.reduce((sum, { length }) => sum + length, 0);
  }

  run(names: readonly string[], inputs: readonly Inputs[]): Outputs {
    for (let k = 0; k < inputs.length; k++) {
      const views = this.#views[k]!;
      for (let i = 0; i < names.length; i++) {
        const value = inputs[k]![names[i]!]!;
        if (typeof value === 'number') views[i]![0] = value;
        else views[i]!.set(value);
      }
    }
    const packed = this.#program.run(this.#feed.id, this.#index);
    if (packed.length !== this.#words) {
      throw new Error(
        `the compiled function gave ${packed.length} values, and ${this.#words} when it was traced: the shape of a ` +
          'result depends on values, which a trace can not follow',
      );
    }
    const outputs: Record<string, Float32Array | Int32Array> = {};
    let offset = 0;
    for (const { name, length, integer } of this.#outputs) {
      outputs[name] = integer
        ? new Int32Array(packed.buffer, packed.byteOffset + offset * 4, length)
        : packed.subarray(offset, offset + length);
      offset += length;
    }
    return outputs;
  }

  dispose(): void {
    this.#feed.dispose();
  }
}

/** Node's own; the types of ES2024 alone do not have it. */
declare const WebAssembly: { Memory: new (descriptor: { initial: number }) => { buffer: ArrayBuffer } };

/**
 * Memory that is written from JavaScript and read by TensorFlow where it lies: the one tensor over it is fed at every
 * call. Only what is aligned to 64 bytes is shared, which a WebAssembly memory is and an ArrayBuffer is not.
 */
class FeedBuffer {
  readonly buffer: ArrayBuffer;
  readonly id: number;
  readonly #binding: Binding;

  constructor(binding: Binding, rows: number) {
    const bytes = rows * ROW_WORDS * 4;
    this.buffer = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) }).buffer;
    this.#binding = binding;
    const words = new Int32Array(this.buffer, 0, rows * ROW_WORDS);
    this.id = binding.createTensor([rows, ROW_WORDS], DT.int32, words);
    words[0] = 1;
    const shared = binding.tensorDataSync(this.id)[0] === 1;
    if (!shared)
      throw new Error('TensorFlow does not read the memory that it is fed from: its alignment has changed');
  }

  dispose(): void {
    this.#binding.deleteTensor(this.id);
  }
}

/** One tensor of a block, at `offset` words. */
function viewOf(buffer: ArrayBuffer, { dtype, shape }: Block, offset: number) {
  const length = elementsOf(shape);
  if (dtype === 'uint8') return new Uint8Array(buffer, offset * 4, length);
  return new (dtype === 'int32' ? Int32Array : Float32Array)(buffer, offset * 4, length);
}
