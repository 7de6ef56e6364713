import type { ConvolutionShape } from '../convolution/layer.ts';
import { type ConvolutionPlace, placeConvolution } from '../convolution/place.ts';
import { type NormPlace, type NormShape, placeNorm } from '../norm.ts';

/** Rows that are computed together. */
export const BLOCK_ROWS = 16;

/** Where a vector's input must end: then it still fits a processor's cache. */
const INPUT_BYTES = 4 << 20;

/** A layer's place in memory. Sizes are padded to whole SIMD vectors, addresses are in bytes. */
export interface Place {
  readonly inputs: number;
  readonly outputs: number;
  /** Panels [inputs, 32] of 32 outputs each. */
  readonly kernel: number;
  readonly bias: number;
  /** Null: its outputs are not normalised. */
  readonly norm: NormPlace | null;
}

/** What a layer's place follows from. */
export interface LayerSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly norm?: NormShape;
}

/** Where everything lies that a stack of dense layers computes with. */
export interface StackLayout {
  /** What is computed before the dense layers; null: nothing is. */
  readonly convolution: ConvolutionPlace | null;
  readonly places: readonly Place[];
  /** The most rows of a vector; larger vectors are computed in several parts. */
  readonly rows: number;
  /** [rows, stride]. */
  readonly input: number;
  /** Numbers of a row: those that enter the convolution, or else the first dense layer. */
  readonly stride: number;
  /** [rows, outputs of the last layer]. */
  readonly output: number;
  /** The 16 shuffles of dense.wat. */
  readonly compress: number;
  /** Two blocks of activations, which layers write alternately. */
  readonly activations: readonly [number, number];
  /** Room for the ends of a block's lists of inputs, and for the lists. */
  readonly ends: number;
  readonly lists: number;
  /** Bytes of everything. */
  readonly bytes: number;
}

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** Lays out layers of the given sizes, each one's inputs the outputs of the one before. */
export function layOut(sizes: readonly LayerSize[], shape: ConvolutionShape | null): StackLayout {
  let end = 0;
  const allocate = (bytes: number): number => {
    const start = end;
    // Whole cache lines.
    end += Math.ceil(bytes / 64) * 64;
    return start;
  };
  const compress = allocate(256);
  const places = sizes.map(
    ({ inputs, outputs, norm }): Place => ({
      inputs: padded(inputs),
      outputs: padded(outputs),
      kernel: allocate(padded(inputs) * Math.ceil(outputs / 32) * 128),
      bias: allocate(padded(outputs) * 4),
      norm: norm ? placeNorm(norm, outputs, allocate) : null,
    }),
  );
  const convolution = shape && placeConvolution(shape, allocate);
  const stride = (convolution ?? places[0]).inputs;
  const { outputs } = places[places.length - 1];
  const blocks = Math.floor(INPUT_BYTES / (BLOCK_ROWS * stride * 4));
  const rows = BLOCK_ROWS * Math.min(64, Math.max(1, blocks));
  const widest = Math.max(...places.flatMap((place) => [place.inputs, place.outputs]));
  const activationBytes = BLOCK_ROWS * widest * 4;
  return {
    convolution,
    places,
    rows,
    input: allocate(rows * stride * 4),
    stride,
    output: allocate(rows * outputs * 4),
    compress,
    activations: [allocate(activationBytes), allocate(activationBytes)],
    ends: allocate(4 * BLOCK_ROWS),
    lists: allocate(8 * (BLOCK_ROWS * widest + 2)),
    bytes: end,
  };
}
