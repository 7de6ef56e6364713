import { type NormPlace, placeNorm, writeNorm } from '../norm.ts';
import { type ConvolutionLayer, type ConvolutionShape, outputExtent } from './layer.ts';

/** A convolution's place in memory: sizes in elements, padded to whole SIMD vectors; addresses and steps in bytes. */
export interface ConvolutionPlace {
  /** Elements of a state. */
  readonly inputs: number;
  /** What is made of it: [positions, filters]. */
  readonly outputs: number;
  /** For each element of a state, where it is added: see convolution.wat. */
  readonly taps: number;
  /** [channels, size, size, filters], both window axes from the last to the first. */
  readonly kernel: number;
  /** That of each output. */
  readonly bias: number;
  /** From a row of a window to the next. */
  readonly kernelStep: number;
  /** From a row of positions to the next. */
  readonly outputStep: number;
  /** Null: its outputs are not normalised. */
  readonly norm: NormPlace | null;
}

/** Bytes of an element's entry in the taps: four int32. */
const TAP_BYTES = 16;

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** @param allocate gives the address of so many bytes. */
export function placeConvolution(
  shape: ConvolutionShape,
  allocate: (bytes: number) => number,
): ConvolutionPlace {
  const { height, width, channels, size, filters, norm } = shape;
  const { rows, columns } = outputExtent(shape);
  const inputs = padded(height * width * channels);
  const outputs = padded(rows * columns * filters);
  return {
    inputs,
    outputs,
    taps: allocate(inputs * TAP_BYTES),
    kernel: allocate(4 * channels * size * size * filters),
    bias: allocate(4 * outputs),
    kernelStep: 4 * size * filters,
    outputStep: 4 * columns * filters,
    norm: norm ? placeNorm(norm, rows * columns * filters, allocate) : null,
  };
}

/**
 * Writes the entry of each element: where its first output and the kernel for that lie, the bytes of outputs in a row
 * of positions that see it, and how many such rows there are.
 */
export function writeTaps(
  memory: WebAssembly.Memory,
  place: ConvolutionPlace,
  shape: ConvolutionShape,
): void {
  const { height, width, channels, frames, size, filters } = shape;
  const { rows, columns } = outputExtent(shape);
  const taps = new Int32Array(memory.buffer, place.taps, (place.inputs * TAP_BYTES) / 4);
  const depth = channels / frames;
  let to = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < height; y++) {
      // A position sees the cells from itself on, so the first that sees y is y − size + 1.
      const [top, bottom] = [Math.max(0, y - size + 1), Math.min(rows - 1, y)];
      for (let x = 0; x < width; x++) {
        const [left, right] = [Math.max(0, x - size + 1), Math.min(columns - 1, x)];
        for (let channel = frame * depth; channel < (frame + 1) * depth; channel++) {
          const window = (channel * size + top - (y - size + 1)) * size + left - (x - size + 1);
          taps[to++] = 4 * filters * (top * columns + left);
          taps[to++] = 4 * filters * window;
          taps[to++] = 4 * filters * (right - left + 1);
          taps[to++] = bottom - top + 1;
        }
      }
    }
  }
}

/** Copies a layer's numbers into `memory` (float32 of the whole). */
export function writeConvolution(
  memory: Float32Array,
  place: ConvolutionPlace,
  { channels, size, filters, scale, kernel, bias, norm, ...extent }: ConvolutionLayer,
): void {
  let to = place.kernel / 4;
  for (let channel = 0; channel < channels; channel++) {
    for (let window = size * size - 1; window >= 0; window--) {
      const from = (window * channels + channel) * filters;
      for (let filter = 0; filter < filters; filter++) memory[to++] = scale * kernel[from + filter];
    }
  }
  const { rows, columns } = outputExtent({ channels, size, filters, ...extent });
  for (let position = 0; position < rows * columns; position++) {
    memory.set(bias, place.bias / 4 + position * filters);
  }
  if (norm !== undefined && place.norm !== null) writeNorm(memory, place.norm, norm);
}
