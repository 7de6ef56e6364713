import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { NumpyRandom } from '../src/index.ts';

interface Stream {
  seed: number;
  words: number[];
  doubles: number[];
  integers: { low: number; high: number; drawn: number[] }[];
  array: string;
  doubleArray: number[];
  state: { crc32: number; position: number };
  next: number;
}

// Made by NumPy itself: see reference/make_numpy_random.py.
const { streams } = JSON.parse(
  readFileSync(new URL('reference/numpy-random.json', import.meta.url), 'utf8'),
) as { streams: Stream[] };

describe('NumpyRandom', () => {
  test.each(streams)('draws what RandomState($seed) draws', (stream) => {
    const random = new NumpyRandom(stream.seed);
    expect(stream.words.map(() => random.next())).toEqual(stream.words);
    expect(stream.doubles.map(() => random.uniform())).toEqual(stream.doubles);
    for (const { low, high, drawn } of stream.integers) {
      expect(drawn.map(() => random.integer(low, high))).toEqual(drawn);
    }
    const integers = new Int32Array(stream.array.length);
    random.integers(1, 9, integers);
    expect(integers.join('')).toBe(stream.array);
    const doubles = new Float64Array(stream.doubleArray.length);
    random.uniforms(doubles);
    expect([...doubles]).toEqual(stream.doubleArray);
    const { key, position } = random.state;
    expect({ crc32: crc32(new Uint8Array(Uint32Array.from(key).buffer)), position }).toEqual(stream.state);
    expect(random.uniform()).toBe(stream.next);
  });

  it('continues exactly from a saved state, and starts over from a seed', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(1500), (seed, skip) => {
        const random = new NumpyRandom(seed);
        const first = random.next();
        for (let i = 0; i < skip; i++) random.next();
        const copy = NumpyRandom.from(JSON.parse(JSON.stringify(random.state)));
        for (let i = 0; i < 10; i++) expect(copy.uniform()).toBe(random.uniform());
        random.seed(seed);
        expect(random.next()).toBe(first);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    () => new NumpyRandom(-1),
    () => new NumpyRandom(0.5),
    () => new NumpyRandom(2 ** 32),
    () => new NumpyRandom(0).integer(3, 3),
    () => new NumpyRandom(0).integer(0, 2 ** 33),
    () => NumpyRandom.from({ key: [1], position: 0 }),
    () => NumpyRandom.from({ key: new Array(624).fill(1), position: 625 }),
  ])('refuses what NumPy would not draw: %s', (make) => {
    expect(make).toThrow(RangeError);
  });
});
