import { crc32 } from 'node:zlib';
import { checksum } from './checksum.ts';
import type { Chunk, ChunkEnd, Layout } from './chunk.ts';
import { describeLayout, layoutFingerprint } from './layout.ts';
import { copyOf, pad } from './memory.ts';
import { ChunkError, MAX_LENGTH, MAX_WRITER } from './validate.ts';

/**
 * The wire form of a chunk, little-endian. The columns begin on 8 bytes, so that they can be read in place.
 *
 * | at | what |
 * |---|---|
 * | 0 | u32 magic "QFCK" |
 * | 4 | u32 format version |
 * | 8 | u32 layout fingerprint |
 * | 12 | u32 checksum of everything after it (`checksum.ts`) |
 * | 16 | u32 bytes in all |
 * | 20 | u32 length T |
 * | 24 | u32 slot |
 * | 28 | u8 end (0 continues, 1 terminated, 2 truncated), u8 has priorities, u8 bytes of the writer's name, u8 form (`FORMS`) |
 * | 32 | u32 episode, u32 offset |
 * | 40 | f64 sequence, f64 episode return, f64 epsilon, f64 weights version |
 * | 72 | writer, UTF-8, padded with 0 to 8 bytes |
 * | … | f32 rewards[T], i32 actions[T], f32 priorities[T] (or none), padded to 8 |
 * | … | format 3: u32 bytes of the named columns, u32 0; the columns in the layout's order, each padded to 8 |
 * | … | observations[(T + 1) × size], or one Zstandard frame of them |
 *
 * Format 4, of texts, has the same header, and other columns (`tokens/codec.ts`).
 *
 * `store/redis/scripts/door.lua.ts` reads the fields at 0 to 28 and 40 too: change them together.
 */
const MAGIC = 0x4b434651;
/**
 * What is written: the second where the layout has named columns, so that a chunk without them is what earlier versions
 * read too. Format 1, whose checksum is the CRC-32, is read: a replay outlives an upgrade.
 */
const PLAIN_FORMAT = 2;
const COLUMN_FORMAT = 3;
/** Chunks of texts. */
const TOKEN_FORMAT = 4;
/** Bytes of a header without the name. */
export const HEADER = 72;
export const CHECKSUM_AT = 12;
export const WRITER_BYTES_AT = 30;
/** Where the part that the checksum is of begins. */
const SUMMED = 16;
const ENDS: readonly ChunkEnd[] = ['continues', 'terminated', 'truncated'];

/**
 * How the observations are there: as they are, or compressed. A chunk that is `open` has them as they are, and no
 * checksum: it is in the process that made it, and no store beyond that takes it.
 */
export type ChunkForm = 'plain' | 'compressed' | 'open';
const FORMS: readonly ChunkForm[] = ['plain', 'compressed', 'open'];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The writer met last: mostly the next one too. */
let encoded = { name: '', bytes: new Uint8Array(0) };
let decoded = { name: '', bytes: new Uint8Array(0) };

/**
 * A writer's name as the bytes of a header.
 * @throws ChunkError when the name is too short or too long.
 */
export function encodeWriter(name: string): Uint8Array {
  if (name !== encoded.name) {
    const bytes = encoder.encode(name);
    if (bytes.length < 1 || bytes.length > MAX_WRITER)
      throw new ChunkError(`A writer's name has 1 to ${MAX_WRITER} bytes, not ${bytes.length} ("${name}").`);
    encoded = { name, bytes };
  }
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

/** Where the columns of a chunk begin, and its bytes in all, where they are not compressed. */
export interface Offsets {
  rewards: number;
  actions: number;
  priorities: number;
  columns: number;
  observations: number;
  total: number;
}

/** Bytes before the named columns, which say how many they take. */
const COLUMNS_HEAD = 8;

/**
 * Where the columns of a chunk of `length` steps begin.
 * @param namedBytes of all named columns; 0: there are none.
 */
export function offsetsOf(
  writerBytes: number,
  length: number,
  hasPriorities: boolean,
  namedBytes: number,
  rowBytes: number,
): Offsets {
  const rewards = HEADER + pad(writerBytes);
  const actions = rewards + 4 * length;
  const priorities = actions + 4 * length;
  const head = pad(priorities + (hasPriorities ? 4 * length : 0));
  const columns = namedBytes > 0 ? head + COLUMNS_HEAD : head;
  const observations = columns + namedBytes;
  const total = observations + (length + 1) * rowBytes;
  return { rewards, actions, priorities, columns, observations, total };
}

/** Writes all of the header but the checksum, and pads the writer's name. */
export function writeHeader(bytes: Uint8Array, chunk: Chunk, layout: Layout, form: ChunkForm): void {
  const writer = encodeWriter(chunk.writer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(0, MAGIC, true);
  const format = layout.columns?.length ? COLUMN_FORMAT : PLAIN_FORMAT;
  view.setUint32(4, layout.tokens ? TOKEN_FORMAT : format, true);
  view.setUint32(8, layoutFingerprint(layout), true);
  view.setUint32(CHECKSUM_AT, 0, true);
  view.setUint32(16, bytes.length, true);
  view.setUint32(20, chunk.length, true);
  view.setUint32(24, chunk.slot, true);
  bytes[28] = ENDS.indexOf(chunk.end);
  bytes[29] = chunk.priorities ? 1 : 0;
  bytes[WRITER_BYTES_AT] = writer.length;
  bytes[31] = FORMS.indexOf(form);
  view.setUint32(32, chunk.episode, true);
  view.setUint32(36, chunk.offset, true);
  view.setFloat64(40, chunk.sequence, true);
  view.setFloat64(48, chunk.episodeReturn, true);
  view.setFloat64(56, chunk.epsilon, true);
  view.setFloat64(64, chunk.weightsVersion, true);
  bytes.set(writer, HEADER);
  bytes.fill(0, HEADER + writer.length, HEADER + pad(writer.length));
}

/** Gives a chunk its form and the checksum of all that is there now. */
export function writeSeal(bytes: Uint8Array, form: ChunkForm): void {
  bytes[31] = FORMS.indexOf(form);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(16, bytes.length, true);
  view.setUint32(CHECKSUM_AT, checksum(bytes.subarray(SUMMED)), true);
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
  if (format < 1 || format > TOKEN_FORMAT)
    throw new ChunkError(
      `The chunk is of format ${format}; this Qfleet reads up to ${TOKEN_FORMAT}: run one version.`,
    );
  const total = view.getUint32(16, true);
  if (total !== bytes.length)
    throw new ChunkError(`The chunk says it has ${total} bytes; ${bytes.length} are there.`);
  const length = view.getUint32(20, true);
  const end = bytes[28];
  const hasPriorities = bytes[29];
  const writerBytes = bytes[WRITER_BYTES_AT];
  const form = bytes[31];
  if (
    length < 1 ||
    length > MAX_LENGTH ||
    end > 2 ||
    hasPriorities > 1 ||
    writerBytes > MAX_WRITER ||
    form >= FORMS.length
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

/**
 * Checks that a chunk is of this layout.
 * @throws ChunkError when the chunk is of another layout than `layout`.
 */
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
export const checksumOf = (bytes: Uint8Array): number => u32At(bytes, CHECKSUM_AT);
export const lengthOf = (bytes: Uint8Array): number => u32At(bytes, 20);

/** Whether a chunk whose header was read before has named columns. */
export const hasColumns = (bytes: Uint8Array): boolean => bytes[4] === COLUMN_FORMAT;

/** Whether it holds texts. */
export const holdsTexts = (bytes: Uint8Array): boolean => bytes[4] === TOKEN_FORMAT;

/** The form of a chunk whose header was read before. */
export const formOf = (bytes: Uint8Array): ChunkForm => FORMS[bytes[31]];

/** Whether the checksum of a chunk is that of what is there. */
export const isWhole = (bytes: Uint8Array): boolean =>
  (bytes[4] === 1 ? crc32 : checksum)(bytes.subarray(SUMMED)) === checksumOf(bytes);

/** Where the columns of a chunk lie. @param rowBytes of an observation. */
export function columnsOf(bytes: Uint8Array, rowBytes: number): Offsets {
  const at = offsetsOf(bytes[WRITER_BYTES_AT], lengthOf(bytes), bytes[29] === 1, 0, rowBytes);
  if (!hasColumns(bytes) || at.columns + COLUMNS_HEAD > bytes.length) return at;
  const named = u32At(bytes, at.columns);
  return offsetsOf(bytes[WRITER_BYTES_AT], lengthOf(bytes), bytes[29] === 1, named, rowBytes);
}

/** Writes how many bytes the named columns take, before them. */
export function writeColumnsHead(bytes: Uint8Array, at: Offsets): void {
  const named = at.observations - at.columns;
  if (named === 0) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(at.columns - COLUMNS_HEAD, named, true);
  view.setUint32(at.columns - COLUMNS_HEAD + 4, 0, true);
}
