import { totalmem } from 'node:os';
import { ModelError } from '../language/model-error.ts';
import { countParameters, type TransformerShape } from '../language/transformer-shape.ts';

/** Bytes of a parameter in memory. */
const PARAMETER_BYTES = 4;

/** The memory of this machine, or of the container that this process runs in, in bytes. */
function memoryHere(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Bytes of a model's parameters as float32. */
export const bytesOf = (shape: TransformerShape): number => countParameters(shape) * PARAMETER_BYTES;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`;

/** @throws ModelError for a model that is larger than memory, before anything of it is read. */
export function checkMemory(shape: TransformerShape, directory: string): void {
  const [bytes, memory] = [bytesOf(shape), memoryHere()];
  if (bytes <= memory) return;
  throw new ModelError(
    `${directory} is a model of ${countParameters(shape)} parameters, which take ${gigabytes(bytes)} as float32, and this machine has ${gigabytes(memory)}: take a smaller one.`,
  );
}
