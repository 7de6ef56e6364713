import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { NamedTensors } from '../named-tensors.ts';
import { CHECKSUM, CHECKSUM_START, hexadecimal } from './checksum.ts';
import { elementBytes, encodeFloats, type FloatDtype } from './halves.ts';
import { type DecodedTensors, decodeWith } from './safetensors-decoder.ts';
import { elementsOf, type TensorMetadata } from './safetensors-header.ts';

/**
 * Decodes what `encodeTensors` made. Every size is checked before anything is allocated, and so is the CRC-32: a file
 * without one is refused.
 *
 * @throws With one sentence on what is cut short, flipped or foreign.
 */
export const decodeTensors = (bytes: Uint8Array): DecodedTensors => decodeWith(crc32, bytes);

/** The header is padded so that the data starts at a multiple of it, as Python's writer does. */
const ALIGNMENT = 8;

/** Bytes between two turns of the event loop, where an encoding gives it any. */
const SLICE_BYTES = 4 * 1024 * 1024;

/**
 * Encodes tensors in the safetensors format (8 bytes of header length, a JSON header, the data), with a CRC-32 of it all
 * in the metadata. Tensors keep their order.
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
  constructor(tensors: NamedTensors, metadata: TensorMetadata = {}, dtype: FloatDtype = 'F32') {
    const data = [...tensors.values()].map((each) => encodeFloats(dtype, each.data));
    this.#pieces = [headerOf(tensors, metadata, dtype), ...data];
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

function headerOf(tensors: NamedTensors, metadata: TensorMetadata, dtype: FloatDtype): Uint8Array {
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
    const end = size + data.length * elementBytes(dtype);
    entries.push([name, { dtype, shape, data_offsets: [size, end] }]);
    size = end;
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

function members(entries: readonly (readonly [string, unknown])[]): string {
  return entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
}
