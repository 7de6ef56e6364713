import type { DenseNorm } from './layer.ts';

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

/** A layer normalisation's place: `groups` of `units` each, whose gains and biases lie one after another. */
interface NormPlace {
  readonly groups: number;
  readonly units: number;
  readonly gain: number;
  readonly bias: number;
  readonly epsilon: number;
}

/** What a layer's place follows from. */
export interface LayerSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly norm?: Pick<DenseNorm, 'groups' | 'epsilon'>;
}

/** Where everything lies that a stack of dense layers computes with. */
export interface StackLayout {
  readonly places: readonly Place[];
  /** The most rows of a vector; larger vectors are computed in several parts. */
  readonly rows: number;
  /** [rows, inputs of the first layer]. */
  readonly input: number;
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
export function layOut(sizes: readonly LayerSize[]): StackLayout {
  let end = 0;
  const allocate = (bytes: number): number => {
    const start = end;
    // Whole cache lines.
    end += Math.ceil(bytes / 64) * 64;
    return start;
  };
  const placeNorm = ({ groups, epsilon }: NonNullable<LayerSize['norm']>, outputs: number): NormPlace => ({
    ...{ groups, epsilon },
    units: outputs / groups,
    gain: allocate(outputs * 4),
    bias: allocate(outputs * 4),
  });
  const compress = allocate(256);
  const places = sizes.map(
    ({ inputs, outputs, norm }): Place => ({
      inputs: padded(inputs),
      outputs: padded(outputs),
      kernel: allocate(padded(inputs) * Math.ceil(outputs / 32) * 128),
      bias: allocate(padded(outputs) * 4),
      norm: norm === undefined ? null : placeNorm(norm, outputs),
    }),
  );
  const [{ inputs }] = places;
  const { outputs } = places[places.length - 1];
  const blocks = Math.floor(INPUT_BYTES / (BLOCK_ROWS * inputs * 4));
  const rows = BLOCK_ROWS * Math.min(64, Math.max(1, blocks));
  const widest = Math.max(...places.flatMap((place) => [place.inputs, place.outputs]));
  const activationBytes = BLOCK_ROWS * widest * 4;
  return {
    places,
    rows,
    input: allocate(rows * inputs * 4),
    output: allocate(rows * outputs * 4),
    compress,
    activations: [allocate(activationBytes), allocate(activationBytes)],
    ends: allocate(4 * BLOCK_ROWS),
    lists: allocate(8 * (BLOCK_ROWS * widest + 2)),
    bytes: end,
  };
}
