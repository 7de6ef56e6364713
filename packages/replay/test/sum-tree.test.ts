import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SumTree } from '../src/sampling/sum-tree.ts';

/** The plain definition: priorities in an array, searched from the front. */
function naiveFind(priorities: number[], mass: number): number {
  let sum = 0;
  for (let leaf = 0; leaf < priorities.length; leaf++) {
    sum += priorities[leaf];
    if (sum > mass) return leaf;
  }
  return -1;
}

const operations = fc.integer({ min: 1, max: 700 }).chain((leaves) =>
  fc.record({
    leaves: fc.constant(leaves),
    // Whole numbers, so that sums are exact whatever the order.
    steps: fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('set' as const),
          entries: fc.array(fc.tuple(fc.nat(leaves - 1), fc.nat(1000)), { maxLength: 30 }),
        }),
        fc.record({
          kind: fc.constant('fill' as const),
          from: fc.nat(leaves),
          to: fc.nat(leaves),
          priority: fc.nat(9),
        }),
      ),
      { maxLength: 12 },
    ),
    fractions: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 20 }),
  }),
);

function find(tree: SumTree, mass: number): number {
  const leaf = new Int32Array(1);
  tree.findMany(Float64Array.of(mass), leaf, 1);
  return leaf[0];
}

describe('the sum tree', () => {
  it('agrees with a plain array', () => {
    fc.assert(
      fc.property(operations, ({ leaves, steps, fractions }) => {
        const tree = new SumTree(leaves);
        const plain = new Array<number>(leaves).fill(0);
        for (const step of steps) {
          if (step.kind === 'set') {
            const { entries } = step;
            tree.setMany(
              Int32Array.from(entries, ([leaf]) => leaf),
              Float64Array.from(entries, ([, priority]) => priority),
              entries.length,
            );
            for (const [leaf, priority] of entries) plain[leaf] = priority;
          } else {
            const [start, end] = [Math.min(step.from, step.to), Math.max(step.from, step.to)];
            tree.fill(start, end, step.priority);
            plain.fill(step.priority, start, end);
          }
          const total = plain.reduce((a, b) => a + b, 0);
          expect(tree.total).toBe(total);
          if (total === 0) continue;
          const masses = fractions.map((fraction) => Math.min(fraction * total, total - 2 ** -20));
          const found = new Int32Array(masses.length);
          tree.findMany(Float64Array.from(masses), found, masses.length);
          expect([...found]).toEqual(masses.map((mass) => naiveFind(plain, mass)));
        }
        for (let leaf = 0; leaf < leaves; leaf++) expect(tree.get(leaf)).toBe(plain[leaf]);
      }),
    );
  });

  it('never draws a leaf without priority, whatever rounding does', () => {
    const random = new Random(1);
    const tree = new SumTree(1000);
    for (let round = 0; round < 200; round++) {
      const leaves = Int32Array.from({ length: 50 }, () => random.integer(1000));
      const priorities = Float64Array.from(leaves, () =>
        random.uniform() < 0.5 ? 0 : 10 ** (20 * random.uniform() - 10),
      );
      tree.setMany(leaves, priorities, 50);
      const { total } = tree;
      for (const mass of [0, total * random.uniform(), total * (1 - Number.EPSILON), total, total * 1.001])
        expect(tree.get(find(tree, mass))).toBeGreaterThan(0);
      const batch = Float64Array.from({ length: 300 }, (_, i) => (total * 1.001 * i) / 300);
      const found = new Int32Array(300);
      tree.findMany(batch, found, 300);
      for (const leaf of found) expect(tree.get(leaf)).toBeGreaterThan(0);
    }
  });

  it('has no rounding left over when priorities are taken out again', () => {
    const random = new Random(2);
    const tree = new SumTree(64);
    for (let i = 0; i < 10_000; i++)
      tree.setMany(Int32Array.of(random.integer(64)), Float64Array.of(random.uniform() * 1e9), 1);
    tree.fill(0, 64, 0);
    expect(tree.total).toBe(0);
    tree.fill(5, 6, 1e-9);
    expect(tree.total).toBe(Math.fround(1e-9));
  });
});
