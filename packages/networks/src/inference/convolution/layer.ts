import type { Norm, NormShape } from '../norm.ts';

/** What a convolution is made for: one of stride 1 without padding, on images of this size. */
export interface ConvolutionShape {
  readonly height: number;
  readonly width: number;
  /** Channels of a pixel, of all frames together. */
  readonly channels: number;
  /** A state is [frames, height, width, channels / frames]; the frames of a pixel side by side are its channels. */
  readonly frames: number;
  /** Height and width of its window. */
  readonly size: number;
  readonly filters: number;
  /** Layer normalisation of the sums, in as many groups as there are positions; absent: they are not normalised. */
  readonly norm?: NormShape;
}

/** y = max(norm(scale · (x ∗ kernel) + bias), 0), [height − size + 1, width − size + 1, filters]. */
export interface ConvolutionLayer extends ConvolutionShape {
  readonly scale: number;
  /** [size, size, channels, filters]. */
  readonly kernel: Float32Array;
  /** [filters]. */
  readonly bias: Float32Array;
  readonly norm?: Norm;
}

/** Height and width of what a convolution makes. */
export function outputExtent({ height, width, size }: ConvolutionShape): {
  readonly rows: number;
  readonly columns: number;
} {
  return { rows: height - size + 1, columns: width - size + 1 };
}
