/*
 * The messages between Node and a worker, in little endian. Node asks, the worker answers in the same order.
 *
 * Request: magic u32, kind u8, rings u8 (1: the reply's bell is awaited), 2 bytes, sequence u32, count u32, size u32; then `size` bytes:
 *   RESET   rows u32 [count], seeds i64 [count] (−1: none)
 *   STEP    rows u32 [count], actions i32 [count]
 *   REMOVE  rows u32 [count]
 *   RENDER  row u32
 * The reply to REMOVE and RENDER has no rows: its count is 0.
 * Reply: magic u32, kind u8, 3 bytes, sequence u32, count u32, size u32, width u32, actions u32, tail u32; then `size` bytes:
 *   DONE    rewards f64 [count], observations [count] of `width` bytes, masks u8 [count, actions] (0 actions: no masks),
 *           flags u8 [count] (1 terminated, 2 truncated, 4 failed), and `tail` bytes of sections:
 *           kind u8, 3 bytes, index u32, size u32, then `size` bytes, of the row `index` of this message:
 *           FAILED, NOT_BEGUN   why, UTF-8
 *           BEGUN               the next episode's first observation, and its mask
 *           TOLD                numbers of the episode's infos: each f64, u8 n, and its name in n bytes
 *           SAID                the first line that the environment printed
 *           FRAME               width u32, height u32, and pixels: RGB, row by row
 *           NO_FRAME            why there is none, UTF-8
 *   HELLO   what the environment is, JSON; once, before all others
 *   UNABLE  why it can't be had, UTF-8; in place of HELLO
 */

import type { Frame } from '@qfleet/envs';

const MAGIC = 0x47464c51;
const REQUEST_BYTES = 20;
export const REPLY_BYTES = 32;
const SECTION_BYTES = 12;
/** Bytes of a HELLO or UNABLE, and of texts in a reply, at most. */
const MOST_TEXT = 1 << 24;
/** Bytes of a frame's pixels, at most. */
const MOST_PIXELS = 1 << 23;
const PIXELS_AT = 8;

export const requestKinds = { reset: 1, step: 2, remove: 3, render: 4 } as const;
export const replyKinds = { hello: 10, done: 11, unable: 12 } as const;
export const sectionKinds = {
  failed: 1,
  begun: 2,
  notBegun: 3,
  told: 4,
  said: 5,
  frame: 6,
  noFrame: 7,
} as const;
/** Sections that are of no row of their reply. */
const ROWLESS: readonly number[] = [sectionKinds.said, sectionKinds.frame, sectionKinds.noFrame];
export const TERMINATED = 1;
export const TRUNCATED = 2;
export const FAILED = 4;

/** A worker's message is none: it is not to be believed any more. */
export class GarbageError extends Error {
  override readonly name = 'GarbageError';
}

/** What a reply's rows are made of. */
export interface RowFormat {
  /** Bytes of an observation. */
  readonly width: number;
  /** Elements of a mask; 0: there are none. */
  readonly actions: number;
}

/**
 * A request of rows, with a number for each: seeds of a reset, or actions of a step.
 *
 * @param rings whether the reply is told of by the bell.
 */
export function encodeRequest(
  kind: (typeof requestKinds)[keyof typeof requestKinds],
  rings: boolean,
  sequence: number,
  rows: readonly number[],
  numbers: ArrayLike<number> | null,
): Buffer {
  const count = rows.length;
  const bytesOfNumber = numbers === null ? 0 : kind === requestKinds.reset ? 8 : 4;
  const request = Buffer.allocUnsafe(REQUEST_BYTES + count * (4 + bytesOfNumber));
  request.writeUInt32LE(MAGIC, 0);
  request.writeUInt32LE(kind | (rings ? 1 << 8 : 0), 4);
  request.writeUInt32LE(sequence, 8);
  request.writeUInt32LE(count, 12);
  request.writeUInt32LE(request.length - REQUEST_BYTES, 16);
  for (let i = 0; i < count; i++) request.writeUInt32LE(rows[i], REQUEST_BYTES + 4 * i);
  const at = REQUEST_BYTES + 4 * count;
  if (numbers === null) return request;
  for (let i = 0; i < count; i++) {
    if (bytesOfNumber === 4) request.writeInt32LE(numbers[i], at + 4 * i);
    else request.writeBigInt64LE(BigInt(numbers[i]), at + 8 * i);
  }
  return request;
}

/** What a request awaits. */
export interface Expected {
  readonly sequence: number;
  readonly count: number;
  /** Null: the first message, of which nothing is known. */
  readonly format: RowFormat | null;
}

/** The fields of a reply's header that are not known before. */
export interface ReplyHeader {
  readonly kind: number;
  /** Bytes after the header. */
  readonly size: number;
  readonly tail: number;
}

/**
 * Reads a reply's header.
 * @throws GarbageError where it is not what was asked for.
 */
export function decodeHeader(bytes: Buffer, { sequence, count, format }: Expected): ReplyHeader {
  const kind = bytes.readUInt32LE(4);
  const size = bytes.readUInt32LE(16);
  const tail = bytes.readUInt32LE(28);
  const isMessage = bytes.readUInt32LE(0) === MAGIC && kind <= 255;
  if (!isMessage) throw new GarbageError('its bytes are no message of the bridge');
  if (kind === replyKinds.hello || kind === replyKinds.unable) {
    if (format !== null || size > MOST_TEXT) throw new GarbageError('its message was not asked for');
    return { kind, size, tail: 0 };
  }
  const isAsked =
    kind === replyKinds.done &&
    format !== null &&
    bytes.readUInt32LE(8) === sequence &&
    bytes.readUInt32LE(12) === count &&
    bytes.readUInt32LE(20) === format.width &&
    bytes.readUInt32LE(24) === format.actions;
  if (!isAsked) throw new GarbageError('its message was not asked for');
  const { width, actions } = format;
  const most = count * (2 * SECTION_BYTES + width + actions) + MOST_TEXT;
  if (tail > most || size !== fixedBytes(count, format) + tail) {
    throw new GarbageError(`its message has ${size} bytes, which do not fit ${count} rows`);
  }
  return { kind, size, tail };
}

/** Bytes of a reply's rows, without header and sections. */
const fixedBytes = (count: number, { width, actions }: RowFormat): number => count * (9 + width + actions);

/** Where the parts of a reply's rows begin, in bytes after the header. */
export const rewardsAt = (): number => REPLY_BYTES;
export const observationsAt = (count: number): number => REPLY_BYTES + 8 * count;
export const masksAt = (count: number, { width }: RowFormat): number => observationsAt(count) + width * count;
export const flagsAt = (count: number, format: RowFormat): number =>
  masksAt(count, format) + format.actions * count;

/** A part of a reply that only some rows have. */
export interface Section {
  readonly kind: number;
  /** The row of the reply. */
  readonly index: number;
  readonly bytes: Buffer;
}

/**
 * The sections of a reply's last `tail` bytes.
 * @throws GarbageError where they are none.
 */
export function decodeSections(reply: Buffer, tail: number, count: number): Section[] {
  const sections: Section[] = [];
  let at = reply.length - tail;
  while (at < reply.length) {
    if (at + SECTION_BYTES > reply.length) throw new GarbageError('a section of its message is cut');
    const kind = reply.readUInt32LE(at);
    const index = reply.readUInt32LE(at + 4);
    const end = at + SECTION_BYTES + reply.readUInt32LE(at + 8);
    if (end > reply.length) throw new GarbageError('a section of its message is cut');
    if (!ROWLESS.includes(kind) && index >= count) {
      throw new GarbageError(`a section of its message is of row ${index} of ${count}`);
    }
    sections.push({ kind, index, bytes: reply.subarray(at + SECTION_BYTES, end) });
    at = end;
  }
  return sections;
}

/**
 * The numbers of a TOLD section, by name.
 * @throws GarbageError where it is none.
 */
export function decodeNumbers(bytes: Buffer): Record<string, number> {
  const numbers: [string, number][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 9 + (at + 9 <= bytes.length ? bytes[at + 8] : 0);
    if (end > bytes.length) throw new GarbageError('the numbers of its message are cut');
    numbers.push([bytes.toString('utf8', at + 9, end), bytes.readDoubleLE(at)]);
    at = end;
  }
  return Object.fromEntries(numbers);
}

/** Whether the reply to a request has what came of each of its rows. */
export const hasRows = (kind: (typeof requestKinds)[keyof typeof requestKinds]): boolean =>
  kind === requestKinds.reset || kind === requestKinds.step;

/**
 * The frame of a FRAME section; its pixels are a copy.
 * @throws GarbageError where it is none, or larger than frames may be.
 */
export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length < PIXELS_AT) throw new GarbageError('a frame of its message is cut');
  const [width, height] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
  const size = 3 * width * height;
  if (size === 0 || size > MOST_PIXELS || size !== bytes.length - PIXELS_AT) {
    throw new GarbageError(
      `a frame of its message is said to be ${width} x ${height}, in ${bytes.length - PIXELS_AT} bytes`,
    );
  }
  return { width, height, pixels: new Uint8Array(bytes.subarray(PIXELS_AT)) };
}
