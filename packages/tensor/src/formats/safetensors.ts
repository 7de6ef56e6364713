import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { NamedTensors } from '../named-tensors.ts';
import {
  corrupt,
  elementsOf,
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
 * The first metadata entry holds the CRC-32 of the whole file, header included, as 8 hexadecimal digits; it is taken
 * with these digits all 0. They always stand at the same place.
 */
const CHECKSUM = 'crc32';
const CHECKSUM_START = 8 + `{"__metadata__":{"${CHECKSUM}":"`.length;
const CHECKSUM_END = CHECKSUM_START + 8;

/** The header is padded so that the data starts at a multiple of it, as Python's writer does. */
const ALIGNMENT = 8;

/** Bytes between two turns of the event loop, where an encoding gives it any. */
const SLICE_BYTES = 4 * 1024 * 1024;

/**
 * Encodes float32 tensors in the safetensors format (8 bytes of header length, a JSON header, the data), with a
 * CRC-32 of it all in the metadata. Tensors keep their order.
 *
 * @throws When a tensor's data does not fit its shape, or a name or a metadata entry is one that the format reserves.
 */
export function encodeTensors(tensors: NamedTensors, metadata: TensorMetadata = {}): Uint8Array {
  return new TensorEncoding(tensors, metadata).whole();
}

/** The bytes of `encodeTensors`, whole or in parts. The tensors must not change before they are encoded. */
export class TensorEncoding {
  /** How many there are. */
  readonly bytes: number;
  /** The header, its CRC-32 still 0, then the data of each tensor. */
  readonly #pieces: readonly Uint8Array[];

  /** @throws as `encodeTensors`. */
  constructor(tensors: NamedTensors, metadata: TensorMetadata = {}) {
    const data = [...tensors.values()].map((each) => bytesOf(each.data));
    this.#pieces = [headerOf(tensors, metadata), ...data];
    this.bytes = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  whole(): Uint8Array {
    const bytes = new Uint8Array(this.bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    bytes.set(Buffer.from(hexadecimal(crc32(bytes))), CHECKSUM_START);
    return bytes;
  }

  /** Parts of `partBytes` each (the last may be shorter), made one after the other: the event loop has turns between them. */
  async *parts(partBytes: number): AsyncGenerator<Uint8Array> {
    let checksum = 0;
    for (const piece of this.#pieces) {
      for (let at = 0; at < piece.length; at += SLICE_BYTES) {
        checksum = crc32(piece.subarray(at, at + SLICE_BYTES), checksum);
        await setImmediate();
      }
    }
    const header = this.#pieces[0].slice();
    header.set(Buffer.from(hexadecimal(checksum)), CHECKSUM_START);
    let part = new Uint8Array(Math.min(partBytes, this.bytes));
    let [filled, left] = [0, this.bytes];
    for (const piece of [header, ...this.#pieces.slice(1)]) {
      for (let at = 0; at < piece.length; ) {
        const taken = piece.subarray(at, at + part.length - filled);
        part.set(taken, filled);
        at += taken.length;
        filled += taken.length;
        if (filled < part.length) continue;
        yield part;
        left -= filled;
        part = new Uint8Array(Math.min(partBytes, left));
        filled = 0;
      }
    }
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function headerOf(tensors: NamedTensors, metadata: TensorMetadata): Uint8Array {
  let size = 0;
  const entries: [string, unknown][] = [];
  for (const [name, { shape, data }] of tensors) {
    if (name === '__metadata__')
      throw new Error("a tensor can't be named '__metadata__': safetensors reserves it");
    if (elementsOf(shape) !== data.length) {
      throw new Error(
        `tensor '${name}' has ${data.length} values, its shape [${shape}] takes ${elementsOf(shape)}`,
      );
    }
    entries.push([name, { dtype: 'F32', shape, data_offsets: [size, size + data.byteLength] }]);
    size += data.byteLength;
  }
  if (CHECKSUM in metadata)
    throw new Error(`the metadata entry '${CHECKSUM}' is written by encodeTensors itself`);
  // Member by member, not as objects: their integer-like keys would come first, and '__proto__' would be none.
  const about = members([[CHECKSUM, '00000000'], ...Object.entries(metadata)]);
  const json = `{"__metadata__":{${about}}${entries.length > 0 ? `,${members(entries)}` : ''}}`;
  const header = Buffer.from(json);
  const padded = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  return bytes;
}

/**
 * Decodes what `encodeTensors` made. Every size is checked before anything is allocated, and so is the CRC-32: a file
 * without one is refused.
 *
 * @throws With one sentence on what is cut short, flipped or foreign.
 */
export function decodeTensors(bytes: Uint8Array): DecodedTensors {
  const start = LENGTH_BYTES + headerLength(bytes, bytes.length);
  const region = bytes.subarray(start);
  const { metadata, entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start), region.length);
  const foreign = entries.find(({ dtype }) => dtype !== 'F32');
  if (foreign)
    throw corrupt(`foreign: tensor '${foreign.name}' has dtype ${foreign.dtype}, only F32 is read`);
  const { [CHECKSUM]: checksum, ...rest } = metadata;
  if (checksum === undefined) throw corrupt(`foreign: its metadata has no ${CHECKSUM}`);
  if (checksum !== checksumOf(bytes)) throw corrupt('flipped: its CRC-32 is not the one in its header');
  const tensors = new Map(
    entries.map(({ name, shape, from, to }) => {
      const data = new Float32Array((to - from) / 4);
      bytesOf(data).set(region.subarray(from, to));
      return [name, { shape, data }];
    }),
  );
  return { tensors, metadata: rest };
}

function members(entries: readonly (readonly [string, unknown])[]): string {
  return entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
}

function checksumOf(bytes: Uint8Array): string {
  const before = crc32(bytes.subarray(0, CHECKSUM_START));
  const blanked = crc32('00000000', before);
  return hexadecimal(crc32(bytes.subarray(CHECKSUM_END), blanked));
}

function hexadecimal(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
