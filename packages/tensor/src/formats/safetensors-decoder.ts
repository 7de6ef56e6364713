import type { NamedTensors } from '../named-tensors.ts';
import { bytesOf, CHECKSUM, type Crc32, checksumOf } from './checksum.ts';
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
 * Decodes what `encodeTensors` made, with a CRC-32 of the platform's. Every size is checked before anything is allocated, and so is the CRC-32: a file
 * without one is refused.
 *
 * @throws With one sentence on what is cut short, flipped or foreign.
 */
export function decodeWith(crc32: Crc32, bytes: Uint8Array): DecodedTensors {
  const start = LENGTH_BYTES + headerLength(bytes, bytes.length);
  const region = bytes.subarray(start);
  const { metadata, entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start), region.length);
  const foreign = entries.find(({ dtype }) => dtype !== 'F32');
  if (foreign)
    throw corrupt(`foreign: tensor '${foreign.name}' has dtype ${foreign.dtype}, only F32 is read`);
  const { [CHECKSUM]: checksum, ...rest } = metadata;
  if (checksum === undefined) throw corrupt(`foreign: its metadata has no ${CHECKSUM}`);
  if (checksum !== checksumOf(crc32, bytes))
    throw corrupt('flipped: its CRC-32 is not the one in its header');
  const tensors = new Map(
    entries.map(({ name, shape, from, to }) => {
      const data = new Float32Array((to - from) / 4);
      bytesOf(data).set(region.subarray(from, to));
      return [name, { shape, data }];
    }),
  );
  return { tensors, metadata: rest };
}
