import { duplicateKey } from './json-keys.ts';

/** What a file says of itself, beside its tensors. */
export type TensorMetadata = Readonly<Record<string, string>>;

/** The bytes of one element, by the format's names. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4 },
  ...{ U64: 8, I64: 8, F64: 8, C64: 8 },
};

/** A tensor as a header describes it. */
export interface TensorEntry {
  readonly name: string;
  /** By the format's names, as F32 or BF16. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its data lies, in bytes from the end of the header on. */
  readonly from: number;
  readonly to: number;
}

/** A header that fits its file. */
export interface SafetensorsHeader {
  readonly metadata: TensorMetadata;
  /** In the order of their data. */
  readonly entries: readonly TensorEntry[];
}

/** Bytes before the header, which hold its length. */
export const LENGTH_BYTES = 8;

/** The format's own bound on the header, which is read before anything else is believed. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The length of the header of a file.
 *
 * @param start its first bytes.
 * @param bytes how many it has in all.
 * @throws Error with one sentence where it can't have such a header.
 */
export function headerLength(start: Uint8Array, bytes: number): number {
  if (start.length < LENGTH_BYTES)
    throw corrupt(`cut short: it has ${start.length} bytes, less than a header's length`);
  const length = new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw corrupt(`foreign: its header would take ${length} bytes`);
  if (bytes < LENGTH_BYTES + Number(length))
    throw corrupt(`cut short: its header takes ${length} bytes and ${bytes - LENGTH_BYTES} are there`);
  return Number(length);
}

/**
 * Reads a header and holds it to the size of the data. Each byte of the data belongs to exactly one tensor: the format
 * allows neither holes nor overlaps.
 *
 * @param json the header's bytes.
 * @param dataBytes how many follow it.
 * @throws Error with one sentence on what is cut short, flipped or foreign.
 */
export function parseHeader(json: Uint8Array, dataBytes: number): SafetensorsHeader {
  const { __metadata__: given, ...described } = parseObject(json);
  const metadata = readMetadata(given);
  const entries = Object.entries(described).map(([name, entry]) => readEntry(name, entry));
  const expected = entries.reduce((most, { to }) => Math.max(most, to), 0);
  if (dataBytes < expected)
    throw corrupt(`cut short: its tensors take ${expected} bytes and ${dataBytes} are there`);
  if (dataBytes > expected) throw corrupt(`foreign: ${dataBytes - expected} bytes follow its tensors`);
  entries.sort((a, b) => a.from - b.from || a.to - b.to);
  let at = 0;
  for (const { name, from, to } of entries) {
    if (from !== at)
      throw corrupt(`flipped: tensor '${name}' starts at byte ${from}, the one before it ends at ${at}`);
    at = to;
  }
  return { metadata, entries };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  let twice: string | null;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(json);
    twice = duplicateKey(json);
  } catch {
    throw corrupt('foreign: its header is no JSON');
  }
  if (!isRecord(header)) throw corrupt('foreign: its header is no JSON object');
  if (twice !== null) throw corrupt(`foreign: its header has '${twice}' twice`);
  return header;
}

function readMetadata(given: unknown): TensorMetadata {
  if (given === undefined) return {};
  if (!isRecord(given) || !Object.values(given).every((each) => typeof each === 'string')) {
    throw corrupt('foreign: its __metadata__ is no record of strings');
  }
  return given as Record<string, string>;
}

function readEntry(name: string, entry: unknown): TensorEntry {
  if (!isRecord(entry)) throw corrupt(`foreign: its entry '${name}' describes no tensor`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BYTES, dtype))
    throw corrupt(`foreign: tensor '${name}' has dtype ${String(dtype)}, which is not known`);
  if (!isSizes(shape)) throw corrupt(`foreign: tensor '${name}' has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw corrupt(`foreign: tensor '${name}' has no valid data_offsets`);
  const [from, to] = offsets as [number, number];
  const bytes = elementsOf(shape) * ELEMENT_BYTES[dtype]!;
  if (to - from !== bytes)
    throw corrupt(`flipped: tensor '${name}' of shape [${shape}] lies in ${to - from} bytes, not ${bytes}`);
  return { name, dtype, shape, from, to };
}

/** @param what is wrong, after "cut short:", "flipped:" or "foreign:". */
export function corrupt(what: string): Error {
  return new Error(`these bytes are not a valid safetensors file, ${what}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
}

/** How many elements a tensor of the shape has. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}
