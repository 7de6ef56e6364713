import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { NamedTensors } from './named-tensors.ts';

/** What a file says of itself, beside its tensors. */
export type TensorMetadata = Readonly<Record<string, string>>;

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

/** The format's own bound on the header, which is read before anything else is believed. */
const MAX_HEADER_BYTES = 100_000_000;

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
  const { header, start } = readHeader(bytes);
  const { __metadata__: given, ...entries } = header;
  const metadata = readMetadata(given);
  const region = bytes.subarray(start);
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  const spans: { name: string; shape: number[]; from: number; to: number }[] = [];
  let expected = 0;
  for (const [name, entry] of Object.entries(entries)) {
    const span = { name, ...readEntry(name, entry) };
    spans.push(span);
    expected = Math.max(expected, span.to);
  }
  if (region.length < expected) {
    throw corrupt(`cut short: its tensors take ${expected} bytes and ${region.length} are there`);
  }
  if (region.length > expected)
    throw corrupt(`foreign: ${region.length - expected} bytes follow its tensors`);
  checkCover(spans);
  const { [CHECKSUM]: checksum, ...rest } = metadata;
  if (checksum === undefined) throw corrupt(`foreign: its metadata has no ${CHECKSUM}`);
  if (checksum !== checksumOf(bytes)) throw corrupt('flipped: its CRC-32 is not the one in its header');
  for (const { name, shape, from, to } of spans) {
    const data = new Float32Array((to - from) / 4);
    new Uint8Array(data.buffer).set(region.subarray(from, to));
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata: rest };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw corrupt(`cut short: it has ${bytes.length} bytes, less than a header's length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw corrupt(`foreign: its header would take ${length} bytes`);
  const start = 8 + Number(length);
  if (bytes.length < start)
    throw corrupt(`cut short: its header takes ${length} bytes and ${bytes.length - 8} are there`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw corrupt('foreign: its header is no JSON');
  }
  if (!isRecord(header)) throw corrupt('foreign: its header is no JSON object');
  return { header, start };
}

function readMetadata(given: unknown): Record<string, string> {
  if (given === undefined) return {};
  if (!isRecord(given) || !Object.values(given).every((each) => typeof each === 'string')) {
    throw corrupt('foreign: its __metadata__ is no record of strings');
  }
  return given as Record<string, string>;
}

function readEntry(name: string, entry: unknown): { shape: number[]; from: number; to: number } {
  if (!isRecord(entry)) throw corrupt(`foreign: its entry '${name}' describes no tensor`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32')
    throw corrupt(`foreign: tensor '${name}' has dtype ${String(dtype)}, only F32 is read`);
  if (!isSizes(shape)) throw corrupt(`foreign: tensor '${name}' has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw corrupt(`foreign: tensor '${name}' has no valid data_offsets`);
  const [from, to] = offsets as [number, number];
  if (to - from !== elementsOf(shape) * 4) {
    throw corrupt(
      `flipped: tensor '${name}' of shape [${shape}] lies in ${to - from} bytes, not ${elementsOf(shape) * 4}`,
    );
  }
  return { shape, from, to };
}

/** The format allows neither holes nor overlaps: what is in the data region belongs to exactly one tensor. */
function checkCover(spans: readonly { name: string; from: number; to: number }[]): void {
  let at = 0;
  for (const { name, from, to } of [...spans].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== at)
      throw corrupt(`flipped: tensor '${name}' starts at byte ${from}, the one before it ends at ${at}`);
    at = to;
  }
}

function corrupt(what: string): Error {
  return new Error(`these bytes are not a valid safetensors file, ${what}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
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
