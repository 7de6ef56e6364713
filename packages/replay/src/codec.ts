import { promisify } from 'node:util';
import { constants, crc32, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { ObservationArray } from '@qfleet/envs';
import type { Chunk, ChunkEnd, Layout } from './chunk.ts';
import {
  asBytes,
  describeLayout,
  layoutFingerprint,
  observationBytes,
  observationSize,
  viewObservations,
} from './layout.ts';
import {
  ChunkError,
  checkColumns,
  checkFields,
  checkShape,
  MAX_LENGTH,
  MAX_WRITER,
} from './validate-chunk.ts';

/**
 * The wire form of a chunk, little-endian. The columns begin on 8 bytes, so that they can be read in place.
 *
 * | at | what |
 * |---|---|
 * | 0 | u32 magic "QFCK" |
 * | 4 | u32 format version |
 * | 8 | u32 layout fingerprint |
 * | 12 | u32 CRC-32 of everything after it |
 * | 16 | u32 bytes in all |
 * | 20 | u32 length T |
 * | 24 | u32 slot |
 * | 28 | u8 end (0 continues, 1 terminated, 2 truncated), u8 has priorities, u8 bytes of the writer's name, u8 observations are compressed |
 * | 32 | u32 episode, u32 offset |
 * | 40 | f64 sequence, f64 episode return, f64 epsilon, f64 weights version |
 * | 72 | writer, UTF-8, padded with 0 to 8 bytes |
 * | … | f32 rewards[T], i32 actions[T], f32 priorities[T] (or none), padded to 8; observations[(T + 1) × size], or one Zstandard frame of them |
 *
 * `src/redis/append.lua` reads the fields at 0 to 28 and 40 too: change them together.
 */
const MAGIC = 0x4b434651;
const FORMAT = 1;
const HEADER = 72;
const ENDS: readonly ChunkEnd[] = ['continues', 'terminated', 'truncated'];

const decompressAside = promisify(zstdDecompress);
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const pad = (bytes: number): number => (bytes + 7) & ~7;

/**
 * Level 1 of Zstandard makes 64 frames of Atari 180 to 290 times smaller in 5 µs a frame, and large again in 4; to
 * move a frame as it is through Redis takes 20 to 50 (level −5: twice the time; level 3: no smaller; LZ4: 2 µs and 12,
 * 80 times smaller).
 */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Observations of a chunk beyond this are not compressed: a few forged bytes must not take a learner's memory. */
const MOST_COMPRESSED = 2 ** 28;
/** Bytes of the smallest observation that counts as a frame. */
const SMALLEST_FRAME = 1024;

/** Whether a layout's observations are frames of bytes: neighbours are nearly alike. Floating-point numbers are not. */
export const compressesWell = (layout: Layout): boolean =>
  layout.observationDType === 'uint8' && observationBytes(layout) >= SMALLEST_FRAME;

/** On memory of its own, from its beginning. (The `slice` of a Buffer copies nothing.) */
const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/** Small chunks share blocks of memory: one of its own costs more than all that is written into it. */
const BLOCK = 1 << 16;
const SMALL = BLOCK >> 3;
let block: ArrayBufferLike = new ArrayBuffer(0);
let blockUsed = 0;

/** Whatever was there before, beginning on 8 bytes: all of it is written over, and zeros would be written twice. */
function allocate(bytes: number): Uint8Array {
  if (bytes > SMALL) return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  if (blockUsed + bytes > block.byteLength) {
    block = Buffer.allocUnsafeSlow(BLOCK).buffer;
    blockUsed = 0;
  }
  const allocated = new Uint8Array(block, blockUsed, bytes);
  blockUsed += pad(bytes);
  return allocated;
}

function allocateCopy(bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** The writer met last: mostly the next one too. */
let encoded = { name: '', bytes: new Uint8Array(0) };
let decoded = { name: '', bytes: new Uint8Array(0) };

function encodeWriter(name: string): Uint8Array {
  if (name !== encoded.name) encoded = { name, bytes: encoder.encode(name) };
  return encoded.bytes;
}

/** @throws ChunkError when the name is not UTF-8. */
function decodeWriter(chunk: Uint8Array, length: number): string {
  const known = decoded.bytes;
  let same = length === known.length;
  for (let i = 0; same && i < length; i++) same = chunk[HEADER + i] === known[i];
  if (!same) {
    const bytes = copyOf(chunk.subarray(HEADER, HEADER + length));
    try {
      decoded = { name: decoder.decode(bytes), bytes };
    } catch {
      throw new ChunkError('The chunk is corrupted: its writer is not UTF-8.');
    }
  }
  return decoded.name;
}

/** What a chunk's header says, without its columns. */
export type ChunkHeader = Omit<Chunk, 'observations' | 'actions' | 'rewards' | 'priorities'> & {
  readonly fingerprint: number;
  readonly hasPriorities: boolean;
};

interface Offsets {
  rewards: number;
  actions: number;
  priorities: number;
  observations: number;
  total: number;
}

function offsetsOf(writerBytes: number, length: number, hasPriorities: boolean, rowBytes: number): Offsets {
  const rewards = HEADER + pad(writerBytes);
  const actions = rewards + 4 * length;
  const priorities = actions + 4 * length;
  const observations = pad(priorities + (hasPriorities ? 4 * length : 0));
  return { rewards, actions, priorities, observations, total: observations + (length + 1) * rowBytes };
}

/**
 * The chunk as one value.
 * @param compress the observations; see `compressesWell`.
 * @throws ChunkError when a column has the wrong length or type, an action is outside the space, or a reward or
 *   an observation is not finite (named by slot, episode and step).
 */
export function encodeChunk(chunk: Chunk, layout: Layout, compress = false): Uint8Array {
  checkShape(chunk, layout);
  checkColumns(chunk, layout);
  checkFields(chunk);
  const writer = encodeWriter(chunk.writer);
  if (writer.length < 1 || writer.length > MAX_WRITER)
    throw new ChunkError(
      `A writer's name has 1 to ${MAX_WRITER} bytes, not ${writer.length} ("${chunk.writer}").`,
    );

  const { length } = chunk;
  const at = offsetsOf(writer.length, length, chunk.priorities !== null, observationBytes(layout));
  const rows = asBytes(chunk.observations);
  const compressed = compress && rows.length <= MOST_COMPRESSED;
  const stored = compressed ? zstdCompressSync(rows, COMPRESSION) : rows;
  const total = at.observations + stored.length;
  const bytes = allocate(total);
  const { buffer, byteOffset: base } = bytes;
  const view = new DataView(buffer, base, total);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, FORMAT, true);
  view.setUint32(8, layoutFingerprint(layout), true);
  view.setUint32(16, total, true);
  view.setUint32(20, length, true);
  view.setUint32(24, chunk.slot, true);
  bytes[28] = ENDS.indexOf(chunk.end);
  bytes[29] = chunk.priorities ? 1 : 0;
  bytes[30] = writer.length;
  bytes[31] = compressed ? 1 : 0;
  view.setUint32(32, chunk.episode, true);
  view.setUint32(36, chunk.offset, true);
  view.setFloat64(40, chunk.sequence, true);
  view.setFloat64(48, chunk.episodeReturn, true);
  view.setFloat64(56, chunk.epsilon, true);
  view.setFloat64(64, chunk.weightsVersion, true);
  bytes.set(writer, HEADER);
  bytes.fill(0, HEADER + writer.length, at.rewards);
  new Float32Array(buffer, base + at.rewards, length).set(chunk.rewards);
  new Int32Array(buffer, base + at.actions, length).set(chunk.actions);
  if (chunk.priorities) new Float32Array(buffer, base + at.priorities, length).set(chunk.priorities);
  bytes.fill(0, at.priorities + (chunk.priorities ? 4 * length : 0), at.observations);
  bytes.set(stored, at.observations);
  view.setUint32(12, crc32(bytes.subarray(16)), true);
  return bytes;
}

/**
 * What the header says, read without touching the columns or checking the checksum.
 * @throws ChunkError when the bytes are not a chunk of this format, or the sizes in it don't fit together.
 */
export function peekChunk(bytes: Uint8Array): ChunkHeader {
  if (bytes.length < HEADER)
    throw new ChunkError(`A chunk has at least ${HEADER} bytes; this value has ${bytes.length}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== MAGIC)
    throw new ChunkError('This value is not a chunk (its first bytes differ).');
  const format = view.getUint32(4, true);
  if (format !== FORMAT)
    throw new ChunkError(
      `The chunk is of format ${format}; this Qfleet reads format ${FORMAT}: run one version.`,
    );
  const total = view.getUint32(16, true);
  if (total !== bytes.length)
    throw new ChunkError(`The chunk says it has ${total} bytes; ${bytes.length} are there.`);
  const length = view.getUint32(20, true);
  const end = bytes[28];
  const hasPriorities = bytes[29];
  const writerBytes = bytes[30];
  const compressed = bytes[31];
  if (
    length < 1 ||
    length > MAX_LENGTH ||
    end > 2 ||
    hasPriorities > 1 ||
    writerBytes > MAX_WRITER ||
    compressed > 1
  )
    throw new ChunkError('The chunk is corrupted: its header holds impossible values.');
  if (HEADER + writerBytes > bytes.length) throw new ChunkError('The chunk is corrupted: it is cut short.');
  const writer = decodeWriter(bytes, writerBytes);
  return {
    fingerprint: view.getUint32(8, true),
    length,
    slot: view.getUint32(24, true),
    end: ENDS[end],
    hasPriorities: hasPriorities === 1,
    episode: view.getUint32(32, true),
    offset: view.getUint32(36, true),
    sequence: view.getFloat64(40, true),
    episodeReturn: view.getFloat64(48, true),
    epsilon: view.getFloat64(56, true),
    weightsVersion: view.getFloat64(64, true),
    writer,
  };
}

/** @throws ChunkError when the chunk is of another layout than `layout`. */
export function checkFingerprint(header: ChunkHeader, layout: Layout): void {
  if (header.fingerprint !== layoutFingerprint(layout))
    throw new ChunkError(
      `The chunk of writer "${header.writer}" has another layout than this run's ` +
        `(${describeLayout(layout)}): start its actor with this run's environment.`,
    );
}

const u32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
/** The checksum, and the steps, that a chunk's header holds. */
export const checksumOf = (bytes: Uint8Array): number => u32At(bytes, 12);
export const lengthOf = (bytes: Uint8Array): number => u32At(bytes, 20);

/** Where the columns of a chunk lie. @throws ChunkError as `decodeChunk`. */
function checkWhole(bytes: Uint8Array, header: ChunkHeader, layout: Layout): Offsets {
  checkFingerprint(header, layout);
  const at = offsetsOf(bytes[30], header.length, header.hasPriorities, observationBytes(layout));
  const wrong = isCompressed(bytes) ? bytes.length <= at.observations : bytes.length !== at.total;
  if (wrong)
    throw new ChunkError(
      `The chunk is corrupted: ${header.length} steps take ${at.total} bytes, not ${bytes.length}.`,
    );
  if (crc32(bytes.subarray(16)) !== checksumOf(bytes))
    throw new ChunkError('The chunk is corrupted: its checksum does not match.');
  return at;
}

const isCompressed = (bytes: Uint8Array): boolean => bytes[31] === 1;

/** The observations, in place where that is aligned. @throws ChunkError where they were compressed and are not as many now. */
function observationsOf(bytes: Uint8Array, at: Offsets, layout: Layout, elements: number): ObservationArray {
  const { observationDType } = layout;
  if (isCompressed(bytes)) {
    const rows = decompressRows(bytes.subarray(at.observations), at);
    const { buffer, byteOffset } = rows.byteOffset % 8 === 0 ? rows : copyOf(rows);
    return viewObservations(observationDType, buffer, byteOffset, elements);
  }
  const start = bytes.byteOffset + at.observations;
  // Bytes have no alignment, and a chunk of frames is nearly all of them.
  if (observationDType === 'uint8' || start % 8 === 0)
    return viewObservations(observationDType, bytes.buffer, start, elements);
  return viewObservations(observationDType, copyOf(bytes.subarray(at.observations)).buffer, 0, elements);
}

function decompressRows(stored: Uint8Array, at: Offsets): Uint8Array {
  const size = at.total - at.observations;
  const rows = size <= MOST_COMPRESSED ? decompress(stored, size) : null;
  if (rows?.length !== size)
    throw new ChunkError(`The chunk is corrupted: its observations do not make ${size} bytes.`);
  return rows;
}

/** Null for what is no Zstandard frame, or one of more than `most` bytes. */
function decompress(frame: Uint8Array, most: number): Uint8Array | null {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: most });
  } catch {
    return null;
  }
}

/**
 * The chunk in `bytes`. Its columns are views on `bytes`, or on copies where `bytes` is not aligned to 8.
 * @throws ChunkError when the value is cut short, corrupted, foreign, or of another format or layout.
 */
export function decodeChunk(bytes: Uint8Array, layout: Layout): Chunk {
  const header = peekChunk(bytes);
  const at = checkWhole(bytes, header, layout);
  const { length, hasPriorities } = header;
  // A small chunk goes whole to where it is aligned.
  if (bytes.byteOffset % 8 !== 0 && bytes.length <= SMALL) bytes = allocateCopy(bytes);
  const { buffer, byteOffset: base } =
    bytes.byteOffset % 8 === 0 ? bytes : copyOf(bytes.subarray(0, at.observations));
  const chunk: Chunk = {
    writer: header.writer,
    sequence: header.sequence,
    slot: header.slot,
    episode: header.episode,
    offset: header.offset,
    length,
    end: header.end,
    episodeReturn: header.episodeReturn,
    epsilon: header.epsilon,
    weightsVersion: header.weightsVersion,
    rewards: new Float32Array(buffer, base + at.rewards, length),
    actions: new Int32Array(buffer, base + at.actions, length),
    priorities: hasPriorities ? new Float32Array(buffer, base + at.priorities, length) : null,
    observations: observationsOf(bytes, at, layout, (length + 1) * observationSize(layout)),
  };
  checkFields(chunk);
  checkColumns(chunk, layout);
  return chunk;
}

/**
 * The rows of observations, as bytes, of a chunk that was decoded before and is now read again. Compressed ones are
 * decompressed on another thread.
 * @param checksum of the chunk of `length` steps that was decoded.
 * @returns null where `bytes` is not that very value.
 */
export function rereadObservations(
  bytes: Uint8Array,
  layout: Layout,
  length: number,
  checksum: number,
): Uint8Array | Promise<Uint8Array | null> | null {
  if (bytes.length < HEADER || checksumOf(bytes) !== checksum || crc32(bytes.subarray(16)) !== checksum)
    return null;
  const rowBytes = observationBytes(layout);
  // They are the last column.
  if (!isCompressed(bytes)) return bytes.subarray(bytes.length - (length + 1) * rowBytes);
  const at = offsetsOf(bytes[30], length, bytes[29] === 1, rowBytes);
  const maxOutputLength = at.total - at.observations;
  return decompressAside(bytes.subarray(at.observations), { maxOutputLength }).catch(() => null);
}
