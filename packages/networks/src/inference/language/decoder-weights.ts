import type { NamedTensors } from '@qfleet/tensor';
import type { TransformerShape } from '../../language/transformer-shape.ts';
import type { TokenHead } from './decoder.ts';
import { type DecoderLayout, type Matrix, type NormPlace, panelled } from './decoder-layout.ts';

/** What of a decoder's parameters its own thread alone reads. */
export interface Embeddings {
  /** [vocabulary, width]; null: they are the head's. */
  readonly tokens: Float32Array | null;
  /** [context, width]; null: places enter by rotation. */
  readonly positions: Float32Array | null;
}

/**
 * Writes a decoder's parameters as the layout has them. Heads of queries, keys and values, and what attention makes, are
 * padded.
 *
 * @param numbers the memory.
 */
export function writeDecoder(
  numbers: Float32Array,
  layout: DecoderLayout,
  shape: TransformerShape,
  heads: readonly TokenHead[],
  tensors: NamedTensors,
): Embeddings {
  const { inner, gated, positions, head } = shape;
  const data = (name: string): Float32Array => tensors.get(name)!.data;
  const bias = (name: string): Float32Array | undefined => tensors.get(`${name}/bias`)?.data;
  const norm = (place: NormPlace, name: string) => {
    numbers.set(data(`${name}/norm/gain`), place.gain / 4);
    numbers.set(tensors.get(`${name}/norm/bias`)?.data ?? [], place.bias / 4);
  };
  const write = (matrix: Matrix, name: string, places: Partial<KernelPlaces> = {}) => {
    const { shape: sizes, data: kernel } = tensors.get(`${name}/kernel`)!;
    writeKernel(numbers, matrix, sizes[1], kernel, bias(name), places);
  };
  const headPlace = (i: number) => Math.floor(i / shape.headSize) * layout.headSize + (i % shape.headSize);
  const hiddenPlace = (i: number) => (gated && i >= inner ? panelled(inner) + i - inner : i);
  for (const [i, layer] of layout.layers.entries()) {
    const [attention, mlp] = [`layer${i}/attention`, `layer${i}/mlp`];
    norm(layer.attentionNorm, attention);
    norm(layer.mlpNorm, mlp);
    write(layer.attentionInput, `${attention}/input`, { output: headPlace });
    write(layer.attentionOutput, `${attention}/output`, { input: headPlace });
    write(layer.mlpInput, `${mlp}/input`, { output: hiddenPlace });
    write(layer.mlpOutput, `${mlp}/output`);
  }
  norm(layout.finalNorm, 'final');
  writeVectors(numbers, layout.head, data(head!.tied ? 'embedding/tokens' : 'head/tokens'), shape.width);
  numbers.set(bias('head') ?? [], layout.head.bias / 4);
  for (const [h, each] of heads.entries()) {
    for (const [i, layer] of each.layers(tensors).entries())
      writeKernel(numbers, layout.heads[h][i].matrix, layer.outputs, layer.kernel, layer.bias);
  }
  return {
    tokens: head!.tied ? null : data('embedding/tokens').slice(),
    positions: positions.kind === 'learned' ? data('embedding/positions').slice() : null,
  };
}

/** Copies the vector of a token, which is an output of a layer, into `into`. */
export function readVector(
  numbers: Float32Array,
  { inputs, kernel }: Matrix,
  token: number,
  into: Float32Array,
): void {
  const column = columnOf(inputs, kernel, token);
  for (let i = 0; i < into.length; i++) into[i] = numbers[column + i * 16];
}

/** Where inputs and outputs come to lie. */
interface KernelPlaces {
  readonly input: (i: number) => number;
  readonly output: (i: number) => number;
}

/** Where an output's numbers begin, 16 from one to the next. */
const columnOf = (inputs: number, kernel: number, output: number): number =>
  kernel / 4 + (output >> 4) * inputs * 16 + (output & 15);

const itself = (i: number): number => i;

/** @param kernel [inputs, outputs]. */
function writeKernel(
  numbers: Float32Array,
  matrix: Matrix,
  outputs: number,
  kernel: Float32Array,
  bias: Float32Array | undefined,
  { input = itself, output = itself }: Partial<KernelPlaces> = {},
): void {
  const columns = Int32Array.from({ length: outputs }, (_, o) =>
    columnOf(matrix.inputs, matrix.kernel, output(o)),
  );
  for (let i = 0; i * outputs < kernel.length; i++) {
    const row = input(i) * 16;
    for (let o = 0; o < outputs; o++) numbers[columns[o] + row] = kernel[i * outputs + o];
  }
  if (bias === undefined) return;
  for (let o = 0; o < outputs; o++) numbers[matrix.bias / 4 + output(o)] = bias[o];
}

/** The same of a kernel that is [outputs, inputs], as the vectors of tokens are. */
function writeVectors(
  numbers: Float32Array,
  { inputs, kernel: at }: Matrix,
  vectors: Float32Array,
  width: number,
): void {
  for (let token = 0; token * width < vectors.length; token++) {
    const column = columnOf(inputs, at, token);
    for (let i = 0; i < width; i++) numbers[column + i * 16] = vectors[token * width + i];
  }
}
