import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFrame,
  decodeHeader,
  decodeNumbers,
  decodeSections,
  encodeRequest,
  GarbageError,
  REPLY_BYTES,
  requestKinds,
} from '../src/gymnasium/protocol.ts';

const format = { width: 12, actions: 3 };

/** A reply of `count` rows with sections in its last bytes. */
function reply(sequence: number, count: number, tail: Buffer): Buffer {
  const size = count * (9 + format.width + format.actions) + tail.length;
  const bytes = Buffer.alloc(REPLY_BYTES + size);
  [0x47464c51, 11, sequence, count, size, format.width, format.actions, tail.length].forEach((word, i) => {
    bytes.writeUInt32LE(word, 4 * i);
  });
  tail.copy(bytes, bytes.length - tail.length);
  return bytes;
}

const section = (kind: number, index: number, data: Buffer): Buffer => {
  const head = Buffer.alloc(12);
  [kind, index, data.length].forEach((word, i) => {
    head.writeUInt32LE(word, 4 * i);
  });
  return Buffer.concat([head, data]);
};

it('lays a request out as the worker reads it', () => {
  const bytes = encodeRequest(requestKinds.reset, true, 9, [4, 5], [-1, 2 ** 31 - 1]);
  expect(bytes.length).toBe(20 + 8 + 16);
  expect([4, 8, 12, 16].map((at) => bytes.readUInt32LE(at))).toEqual([requestKinds.reset | 256, 9, 2, 24]);
  expect(bytes.readBigInt64LE(28)).toBe(-1n);
  expect(bytes.readBigInt64LE(36)).toBe(2n ** 31n - 1n);
});

it('reads back what a reply has', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (sequence, count, parts) => {
        const tail = Buffer.concat(parts.map((part, i) => section(1, i % count, Buffer.from(part))));
        const bytes = reply(sequence, count, tail);
        expect(decodeHeader(bytes, { sequence, count, format })).toEqual({
          kind: 11,
          size: bytes.length - REPLY_BYTES,
          tail: tail.length,
        });
        const sections = decodeSections(bytes, tail.length, count);
        expect(sections.map((each) => [...each.bytes])).toEqual(parts.map((part) => [...part]));
      },
    ),
  );
});

it('believes no other bytes, and never reads beyond a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: REPLY_BYTES, maxLength: 200 }), (bytes) => {
      expect(() => decodeHeader(Buffer.from(bytes), { sequence: 1, count: 2, format })).toThrow(GarbageError);
      for (const read of [
        () => decodeSections(Buffer.from(bytes), bytes.length, 2),
        () => decodeNumbers(Buffer.from(bytes)),
        () => decodeFrame(Buffer.from(bytes)),
      ]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(GarbageError);
        }
      }
    }),
  );
});

it.each([
  ['another sequence', 2, 8],
  ['another count', 3, 7],
  ['a size beyond its rows', 4, 4_000_000_000],
  ['other observations', 5, 4],
  ['other masks', 6, 0],
  ['sections beyond its bytes', 7, 4_000_000_000],
])('refuses a reply of %s', (_, word, value) => {
  const bytes = reply(1, 2, Buffer.alloc(0));
  bytes.writeUInt32LE(value, 4 * word);
  expect(() => decodeHeader(bytes, { sequence: 1, count: 2, format })).toThrow(GarbageError);
});

describe('a frame', () => {
  const frame = (width: number, height: number, pixels: number): Buffer => {
    const bytes = Buffer.alloc(8 + pixels, 7);
    bytes.writeUInt32LE(width, 0);
    bytes.writeUInt32LE(height, 4);
    return bytes;
  };

  it('is read from a reply without rows, and outlives it', () => {
    const tail = section(6, 0, frame(5, 3, 45));
    const bytes = reply(4, 0, tail);
    const { size } = decodeHeader(bytes, { sequence: 4, count: 0, format });
    expect(size).toBe(tail.length);
    const [{ kind, bytes: found }] = decodeSections(bytes, tail.length, 0);
    expect(kind).toBe(6);
    const { pixels, ...shape } = decodeFrame(found);
    bytes.fill(0);
    expect(shape).toEqual({ width: 5, height: 3 });
    expect(pixels).toEqual(new Uint8Array(45).fill(7));
  });

  it.each([
    ['of no pixels', 0, 3, 0],
    ['of fewer bytes than pixels', 5, 3, 44],
    ['of more', 5, 3, 46],
    ['beyond what frames may be', 2000, 2000, 12_000_000],
    ['whose size overflows', 0xffffffff, 0xffffffff, 3],
  ])('%s is refused', (_, width, height, pixels) => {
    expect(() => decodeFrame(frame(width, height, pixels))).toThrow(GarbageError);
  });
});
