import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { elementBytes, encodeFloats, type FloatDtype } from './halves.ts';
import { elementsOf, LENGTH_BYTES, type TensorMetadata } from './safetensors-header.ts';

/** A tensor to write. */
export interface WrittenTensor {
  readonly name: string;
  readonly dtype: FloatDtype;
  readonly shape: readonly number[];
  /** Its values, which the dtype rounds to the nearest, to an even one where two are as near. */
  readonly data: Float32Array;
}

/** Where the data begins is a multiple of it, as Python's writer has it. */
const ALIGNMENT = 8;

/**
 * Writes a safetensors file without a checksum, byte for byte as Python's library does: wider dtypes first, then by name. It
 * appears under its name when it is whole.
 *
 * @throws Error where data does not fit its shape, or a name is there twice or reserved; what the operating system says.
 */
export function writeSafetensors(
  path: string,
  tensors: readonly WrittenTensor[],
  metadata: TensorMetadata = {},
): void {
  const sorted = [...tensors].sort((a, b) => bytesOf(b) - bytesOf(a) || (a.name < b.name ? -1 : 1));
  const part = `${path}.part`;
  const descriptor = openSync(part, 'w');
  try {
    writeWhole(descriptor, headerOf(sorted, metadata));
    for (const tensor of sorted) writeWhole(descriptor, encodeFloats(tensor.dtype, tensor.data));
  } finally {
    closeSync(descriptor);
  }
  renameSync(part, path);
}

const bytesOf = ({ dtype }: WrittenTensor): number => elementBytes(dtype);

function headerOf(tensors: readonly WrittenTensor[], metadata: TensorMetadata): Uint8Array {
  const names = new Set(['__metadata__']);
  let end = 0;
  const members = tensors.map((tensor) => {
    const { name, dtype, shape, data } = tensor;
    if (names.has(name)) throw new Error(`a tensor can't be named '${name}': the name is taken`);
    names.add(name);
    if (elementsOf(shape) !== data.length)
      throw new Error(
        `tensor '${name}' has ${data.length} values, its shape [${shape}] takes ${elementsOf(shape)}`,
      );
    const start = end;
    end += data.length * bytesOf(tensor);
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [start, end] })}`;
  });
  const about = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  const json = Buffer.from(`{${[...about, ...members].join(',')}}`);
  const bytes = new Uint8Array(LENGTH_BYTES + Math.ceil(json.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - LENGTH_BYTES), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
