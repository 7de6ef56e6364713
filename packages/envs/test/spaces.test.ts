import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allocateObservations,
  box,
  contains,
  discrete,
  multiDiscrete,
  observationDType,
  observationRows,
  observationSize,
  type Space,
} from '../src/index.ts';

const dims = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
// Integers up to 2048 are float16s.
const ranges = {
  float32: [-1e6, 1e6],
  float16: [-2048, 2048],
  int32: [-1000, 1000],
  uint8: [0, 255],
} as const;

/** A space, and a value inside it. */
const spaceAndValue: fc.Arbitrary<{ space: Space; value: number[] }> = fc.oneof(
  fc
    .integer({ min: 1, max: 1000 })
    .chain((n) =>
      fc
        .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: n - 1 }))
        .map(([start, x]) => ({ space: discrete(n, start), value: [start + x] })),
    ),
  fc.tuple(dims, fc.constantFrom('float32', 'float16', 'int32', 'uint8')).chain(([shape, dtype]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const [min, max] = ranges[dtype];
    const x = fc.integer({ min, max });
    const triple = fc.tuple(x, x, x).map((xs) => xs.toSorted((a, b) => a - b));
    return fc.array(triple, { minLength: size, maxLength: size }).map((triples) => ({
      space: box({ shape, dtype, low: triples.map(([low]) => low), high: triples.map(([, , high]) => high) }),
      value: triples.map(([, middle]) => middle),
    }));
  }),
);

describe('spaces', () => {
  test('hold a value within the bounds, before and after it crosses an array of their dtype', () => {
    fc.assert(
      fc.property(spaceAndValue, ({ space, value }) => {
        const row = allocateObservations(space);
        row.set(value);
        expect(contains(space, value)).toBe(true);
        expect(contains(space, row)).toBe(true);
      }),
    );
  });

  test('hold nothing of another size, beyond a bound, or NaN', () => {
    fc.assert(
      fc.property(spaceAndValue, fc.nat(), ({ space, value }, pick) => {
        const i = pick % value.length;
        const high =
          space.kind === 'discrete' ? (space.start ?? 0) + space.n - 1 : (space.high as number[])[i];
        const low = space.kind === 'discrete' ? (space.start ?? 0) : (space.low as number[])[i];
        expect(contains(space, [...value, 0])).toBe(false);
        expect(contains(space, value.slice(1))).toBe(false);
        for (const x of [high + 1, low - 1, Number.NaN]) {
          expect(contains(space, value.with(i, x))).toBe(false);
        }
        if (!observationDType(space).startsWith('float')) {
          expect(contains(space, value.with(i, low + 0.5))).toBe(false);
        }
      }),
    );
  });

  test('rows are views of one batch that cover it once', () => {
    fc.assert(
      fc.property(spaceAndValue, fc.integer({ min: 1, max: 9 }), ({ space }, count) => {
        const size = observationSize(space);
        const batch = allocateObservations(space, count);
        const rows = observationRows(batch, size);
        expect(rows).toHaveLength(count);
        rows.forEach((row, i) => {
          row.fill(i + 1);
        });
        expect([...batch]).toEqual(Array.from({ length: count * size }, (_, i) => Math.floor(i / size) + 1));
      }),
    );
  });

  test('a box may leave its shape to its bounds', () => {
    expect(box({ low: [0, -1], high: 1 })).toEqual({
      kind: 'box',
      shape: [2],
      dtype: 'float32',
      low: [0, -1],
      high: 1,
    });
  });

  test.each([
    [() => box({ low: 0, high: 1 }), 'A box with one bound for all elements needs a shape.'],
    [
      () => box({ low: 0, high: 1, shape: [0] }),
      'A box cannot be made: shape must be a list of positive integers, not [0].',
    ],
    [() => box({ low: [0, 2], high: [1, 1] }), 'A box cannot be made: low is above high at element 1.'],
    [
      () => box({ low: [0], high: 1, shape: [2] }),
      'A box cannot be made: low has 1 elements and shape [2] has 2.',
    ],
    [() => box({ low: Number.NaN, high: 1, shape: [1] }), 'A box cannot be made: low is NaN.'],
    [
      () => box({ low: 0, high: 1, shape: [1], dtype: 'float64' as 'float32' }),
      'A box cannot be made: dtype must be float32, float16, int32 or uint8, not "float64".',
    ],
    [
      () => box({ low: 0, high: 1, shape: [1], dype: 'uint8' } as never),
      'A box has no field dype: did you mean dtype? It takes shape, dtype, low, high.',
    ],
    [() => box(-1 as never), 'box takes one object, as in box({ low: -1, high: 1, shape: [3] }), not -1.'],
    [
      () => discrete(3, 0.5),
      'A discrete space cannot be made: start must be an integer, and start + n − 1 at most 2,147,483,647: it is 0.5.',
    ],
    [
      () => discrete(3, 2 ** 31 - 3 + 1),
      'A discrete space cannot be made: start must be an integer, and start + n − 1 at most 2,147,483,647: it is 2147483646.',
    ],
    [() => multiDiscrete([]), 'A multi-discrete space cannot be made: it has no counts.'],
    [
      () => multiDiscrete(3 as never),
      'A multi-discrete space cannot be made: it takes a list of counts, not 3.',
    ],
    [
      () => multiDiscrete([3, 0]),
      'A multi-discrete space cannot be made: count 1 must be a positive integer, not 0.',
    ],
    [
      () => multiDiscrete([1024, 2]),
      'A multi-discrete space cannot be made: 1024 · 2 is 2048 lists, and at most 1024 may be told apart.',
    ],
    [
      () => discrete({ n: 3, start: -1 } as never),
      'A discrete space cannot be made: n must be a positive integer, not an object.',
    ],
    [() => discrete(2.5), 'A discrete space cannot be made: n must be a positive integer, not 2.5.'],
  ])('a wrong one is refused: %#', (make, message) => {
    expect(make).toThrow(new RangeError(message));
  });
});
