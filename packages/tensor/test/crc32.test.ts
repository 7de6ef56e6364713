import { crc32 as zlibs } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32 } from '../src/formats/crc32.ts';

test('is that of zlib, of bytes in one piece and in two', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(crc32(a)).toBe(zlibs(a));
      expect(crc32(b, crc32(a))).toBe(zlibs(Buffer.concat([a, b])));
    }),
  );
});
