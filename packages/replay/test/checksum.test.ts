import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { checksum } from '../src/chunk/checksum.ts';

const { h64Raw } = await xxhash();

describe('the checksum', () => {
  it('is the lower half of XXH64 as its authors give it', () => {
    // xxHash's own sanity checks and others' test vectors: EF46DB3751D8E999, D24EC4F1A98C6E5B, 44BC2CF5AD770999.
    const texts = { '': 0x51d8e999, a: 0xa98c6e5b, abc: 0xad770999 };
    for (const [text, half] of Object.entries(texts)) {
      expect(checksum(new TextEncoder().encode(text)), text).toBe(half);
    }
  });

  it('is the same in pieces as in one', () => {
    const lengths = fc.oneof(fc.nat(2000), fc.integer({ min: 2 ** 18 - 40, max: 2 ** 20 }));
    fc.assert(
      fc.property(lengths, fc.nat(), (length, seed) => {
        const bytes = new Uint8Array(length);
        for (let i = 0, x = seed; i < length; i++) {
          x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
          bytes[i] = x >>> 24;
        }
        expect(checksum(bytes)).toBe(Number(h64Raw(bytes) & 0xffffffffn));
      }),
      { numRuns: 50 },
    );
  });
});
