import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTensors, encodeTensors, type NamedTensors, TensorEncoding } from '../src/index.ts';

const shapes = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });
const tensor = shapes.chain((shape) => {
  const length = shape.reduce((product, each) => product * each, 1);
  return fc
    .float32Array({ minLength: length, maxLength: length })
    .map((data) => ({ shape, data: Float32Array.from(data) }));
});
const name = fc.string({ unit: 'binary', maxLength: 12 }).filter((each) => each !== '__metadata__');
const named = fc
  .uniqueArray(fc.tuple(name, tensor), { maxLength: 6, selector: ([each]) => each })
  .map((entries): NamedTensors => new Map(entries));
const metadata = fc.dictionary(
  fc.string({ maxLength: 8 }).filter((each) => each !== 'crc32' && each !== '__proto__'),
  fc.string({ maxLength: 8 }),
  { noNullPrototype: true },
);

const one: NamedTensors = new Map([['a/kernel', { shape: [2, 2], data: Float32Array.of(1, -2, 0.5, 3e8) }]]);

describe('safetensors', () => {
  it('gives the same bytes in parts of any size as whole', async () => {
    await fc.assert(
      fc.asyncProperty(named, metadata, fc.integer({ min: 1, max: 300 }), async (tensors, about, size) => {
        const encoding = new TensorEncoding(tensors, about);
        const parts: Uint8Array[] = [];
        for await (const part of encoding.parts(size)) parts.push(part);
        expect(parts.slice(0, -1).every((part) => part.length === size)).toBe(true);
        expect(parts).toHaveLength(Math.ceil(encoding.bytes / size));
        expect(Buffer.concat(parts).equals(encodeTensors(tensors, about))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(named, metadata, (tensors, about) => {
        const decoded = decodeTensors(encodeTensors(tensors, about));
        expect(decoded.metadata).toEqual(about);
        // Object keys that look like integers come first in JavaScript, so the order is compared only as a set.
        expect(new Map([...decoded.tensors].sort())).toEqual(new Map([...tensors].sort()));
      }),
    );
  });

  it('refuses every cut with one sentence', () => {
    fc.assert(
      fc.property(named, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (tensors, part) => {
        const bytes = encodeTensors(tensors);
        expect(() => decodeTensors(bytes.subarray(0, Math.floor(part * bytes.length)))).toThrow(
          /^these bytes are/,
        );
      }),
    );
  });

  it('refuses every flipped bit, of the data and of the header', () => {
    const bytes = encodeTensors(one, { step: '12' });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodeTensors(flipped)).toThrow(/^these bytes are not a valid safetensors file, /);
    }
  });

  it('refuses sizes that would not fit before it allocates them', () => {
    const header = Buffer.from('{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}');
    const bytes = new Uint8Array(8 + header.length);
    bytes[0] = header.length;
    bytes.set(header, 8);
    expect(() => decodeTensors(bytes)).toThrow(
      /cut short: its tensors take 4000000000 bytes and 0 are there/,
    );
    bytes.fill(0xff, 0, 8);
    expect(() => decodeTensors(bytes)).toThrow(/foreign: its header would take/);
  });

  it('refuses what does not fit its shape, overlaps, or has another dtype', () => {
    const bad: NamedTensors = new Map([['w', { shape: [3], data: new Float32Array(2) }]]);
    expect(() => encodeTensors(bad)).toThrow("tensor 'w' has 2 values, its shape [3] takes 3");
    const file = (json: string, data: number) => {
      const bytes = new Uint8Array(8 + json.length + data);
      new DataView(bytes.buffer).setUint32(0, json.length, true);
      bytes.set(Buffer.from(json), 8);
      return bytes;
    };
    expect(() => decodeTensors(file('{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', 8))).toThrow(
      /I64/,
    );
    const overlap =
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    expect(() => decodeTensors(file(overlap, 8))).toThrow(/flipped: tensor 'b' starts at byte 0/);
  });

  it('writes what Python reads, and refuses what has no checksum', () => {
    const bytes = encodeTensors(new Map([['w', { shape: [1, 2], data: Float32Array.of(1, -2.5) }]]), {
      made: 'here',
    });
    // safe_open of these bytes gives {'made': 'here', 'crc32': '49ea760d'} and w = [[1, -2.5]] (safetensors 0.8.0).
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '70000000000000007b225f5f6d657461646174615f5f223a7b226372633332223a223439656137363064222c226d616465223a2268657265227d2c2277223a7b226474797065223a22463332222c227368617065223a5b312c325d2c22646174615f6f666673657473223a5b302c385d7d7d2020202020200000803f000020c0',
    );
    const without = '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}  ';
    expect(() => decodeTensors(Buffer.from(`8\0\0\0\0\0\0\0${without}`))).toThrow(
      'its metadata has no crc32',
    );
  });
});
