import type { NamedTensors } from '../named-tensors.ts';
import { bytesOf, CHECKSUM, type Crc32, checksumOf } from './checksum.ts';
import { elementBytes, type FloatDtype, isFloatDtype, WIDEN } from './halves.ts';
import {
  corrupt,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type TensorMetadata,
} from './safetensors-header.ts';

/** Tensors and metadata as decoded from bytes; the arrays are copies, so the bytes may go. */
export interface DecodedTensors {
  readonly tensors: NamedTensors;
  readonly metadata: TensorMetadata;
}

/**
 * Decodes what `encodeTensors` made, as float32, with a CRC-32 of the platform's. Every size is checked before anything is allocated, and so is the CRC-32: a file
 * without one is refused.
 *
 * @throws With one sentence on what is cut short, flipped or foreign.
 */
export function decodeWith(crc32: Crc32, bytes: Uint8Array): DecodedTensors {
  const start = LENGTH_BYTES + headerLength(bytes, bytes.length);
  const region = bytes.subarray(start);
  const { metadata, entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start), region.length);
  const foreign = entries.find(({ dtype }) => !isFloatDtype(dtype));
  if (foreign)
    throw corrupt(
      `foreign: tensor '${foreign.name}' has dtype ${foreign.dtype}, only F32, F16 and BF16 are read`,
    );
  const { [CHECKSUM]: checksum, ...rest } = metadata;
  if (checksum === undefined) throw corrupt(`foreign: its metadata has no ${CHECKSUM}`);
  if (checksum !== checksumOf(crc32, bytes))
    throw corrupt('flipped: its CRC-32 is not the one in its header');
  const tensors = new Map(
    entries.map(({ name, shape, dtype, from, to }) => [
      name,
      { shape, data: floatsOf(dtype as FloatDtype, region.subarray(from, to)) },
    ]),
  );
  return { tensors, metadata: rest };
}

/** Numbers of a dtype as float32; the bytes may lie anywhere. */
function floatsOf(dtype: FloatDtype, bytes: Uint8Array): Float32Array {
  const data = new Float32Array(bytes.length / elementBytes(dtype));
  if (dtype === 'F32') {
    bytesOf(data).set(bytes);
    return data;
  }
  const halves = new Uint16Array(data.length);
  new Uint8Array(halves.buffer).set(bytes);
  WIDEN[dtype](halves, data);
  return data;
}
