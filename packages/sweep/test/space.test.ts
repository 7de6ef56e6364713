import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dimension, readDimension } from '../src/dimension.ts';
import { drawSettings, gridOf, type Space, sizeOf } from '../src/space.ts';

const values = fc
  .uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean()), { minLength: 1, maxLength: 4 })
  .map((list): Dimension => ({ kind: 'values', values: list }));
const integers = fc
  .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 4 }))
  .map(([low, span]): Dimension => ({ kind: 'integers', low, high: low + span }));
const real = fc
  .tuple(
    fc.constantFrom('uniform' as const, 'logUniform' as const),
    fc.double({ min: 1e-9, max: 1, noNaN: true }),
  )
  .chain(([kind, low]) =>
    fc
      .double({ min: low * 1.001, max: low * 1e9, noNaN: true })
      .map((high): Dimension => ({ kind, low, high })),
  );
const spaceOf = (dimension: fc.Arbitrary<Dimension>): fc.Arbitrary<Space> =>
  fc
    .array(dimension, { maxLength: 4 })
    .map((dimensions) => new Map(dimensions.map((each, i) => [`field.${i}`, each])));

describe('a grid', () => {
  it('has each combination once', () => {
    fc.assert(
      fc.property(spaceOf(fc.oneof(values, integers)), (space) => {
        const settings = gridOf(space).map((setting) => JSON.stringify(setting));
        expect(settings).toHaveLength(sizeOf(space));
        expect(new Set(settings).size).toBe(settings.length);
      }),
    );
  });

  it('has its values in their order, the last field’s fastest', () => {
    const space: Space = new Map<string, Dimension>([
      ['a', { kind: 'values', values: ['x', 'y'] }],
      ['b', { kind: 'integers', low: 1, high: 2 }],
    ]);
    expect(gridOf(space)).toEqual([
      { a: 'x', b: 1 },
      { a: 'x', b: 2 },
      { a: 'y', b: 1 },
      { a: 'y', b: 2 },
    ]);
  });
});

describe('draws', () => {
  const space = spaceOf(fc.oneof(values, integers, real)).filter((each) => each.size > 0);

  it('are within their bounds, of their kind, and never twice the same', () => {
    fc.assert(
      fc.property(space, fc.integer(), (each, seed) => {
        const drawn = drawSettings(each, Math.min(10, sizeOf(each)), new Random(seed));
        expect(new Set(drawn.map((setting) => JSON.stringify(setting))).size).toBe(drawn.length);
        for (const setting of drawn) {
          for (const [field, dimension] of each) {
            const value = setting[field];
            if (dimension.kind === 'values') expect(dimension.values).toContain(value);
            else {
              expect(value).toBeGreaterThanOrEqual(dimension.low);
              expect(value).toBeLessThanOrEqual(dimension.high);
              if (dimension.kind === 'integers') expect(Number.isInteger(value)).toBe(true);
            }
          }
        }
      }),
    );
  });

  it('are the same for a seed, and more of them begin with the same', () => {
    fc.assert(
      fc.property(
        spaceOf(real).filter((each) => each.size > 0),
        fc.integer(),
        (each, seed) => {
          const few = drawSettings(each, 3, new Random(seed));
          expect(drawSettings(each, 8, new Random(seed)).slice(0, 3)).toEqual(few);
        },
      ),
    );
  });

  it('get every setting of a small space', () => {
    const small: Space = new Map([['a', { kind: 'integers' as const, low: 0, high: 30 }]]);
    const drawn = drawSettings(small, 31, new Random(1)).map(({ a }) => a as number);
    expect(drawn.sort((a, b) => a - b)).toEqual(Array.from({ length: 31 }, (_, i) => i));
  });

  // Kolmogorov and Smirnov: with n draws the distance exceeds 1.95/√n in one case of a thousand; the seed is fixed.
  it.each([
    ['uniform', (x: number) => (x - 2) / 6],
    ['logUniform', (x: number) => Math.log(x / 2) / Math.log(4)],
  ] as const)('are distributed as they should be: %s', (kind, cumulative) => {
    const n = 5_000;
    const space: Space = new Map([['a', { kind, low: 2, high: 8 }]]);
    const drawn = drawSettings(space, n, new Random(7)).map(({ a }) => a as number);
    const distances = drawn.sort((a, b) => a - b).map((x, i) => Math.abs(cumulative(x) - (i + 0.5) / n));
    expect(Math.max(...distances)).toBeLessThan(1.95 / Math.sqrt(n));
  });

  it('choose values and integers equally often', () => {
    const chosen: Space = new Map<string, Dimension>([
      ['a', { kind: 'values', values: ['x', 'y', 'z'] }],
      ['b', { kind: 'uniform', low: 0, high: 1 }],
      ['c', { kind: 'integers', low: -1, high: 1 }],
    ]);
    const drawn = drawSettings(chosen, 6_000, new Random(3));
    for (const [field, all] of [
      ['a', ['x', 'y', 'z']],
      ['c', [-1, 0, 1]],
    ] as const) {
      // Four standard deviations of a count.
      for (const value of all) {
        const count = drawn.filter((setting) => setting[field] === value).length;
        expect(Math.abs(count - 2_000)).toBeLessThan(4 * Math.sqrt(6_000 * (1 / 3) * (2 / 3)));
      }
    }
  });
});

describe('a dimension', () => {
  it.each([
    [[1, 3], { kind: 'values', values: [1, 3] }],
    [{ choice: ['a'] }, { kind: 'values', values: ['a'] }],
    [{ uniform: [0, 1] }, { kind: 'uniform', low: 0, high: 1 }],
    [{ integers: [1, 4] }, { kind: 'integers', low: 1, high: 4 }],
  ])('is read: %j', (said, dimension) => expect(readDimension(said)).toEqual(dimension));

  it.each([
    [[], /empty list/],
    [[1, [2], [2]], /\[2\] twice/],
    [3, /A single value belongs to set/],
    [null, /is null; allowed/],
    [{ uniform: [0, 1], choice: [1] }, /has 2 parts/],
    [{ loguniform: [1, 2] }, /has no part loguniform\. Did you mean logUniform\?/],
    [{ uniform: [1, 1] }, /low below high/],
    [{ uniform: [1] }, /two numbers/],
    [{ uniform: [0, Number.POSITIVE_INFINITY] }, /two numbers/],
    [{ uniform: ['a', 'b'] }, /two numbers/],
    [{ logUniform: [0, 1] }, /above 0/],
    [{ logUniform: [-1, 1] }, /above 0/],
    [{ integers: [0.5, 3] }, /integers/],
    [{ choice: 3 }, /is choice of 3; allowed/],
  ])('is refused: %j', (said, why) => expect(readDimension(said)).toMatch(why));
});
