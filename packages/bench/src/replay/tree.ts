import { Random } from '@qfleet/random';
import { SumTree } from '@qfleet/replay';
import { type BenchRow, benchRow } from '../row.ts';

const LEAVES = 1_000_000;
const DRAWN = 1_000;
const GOAL_MICROSECONDS = 150;
/** The best of so many, after as many to warm up. */
const TURNS = 2_000;

/** Drawing 1,000 leaves of a million in proportion to their priorities, and giving them others. */
export function benchTree(): BenchRow[] {
  const random = new Random(1);
  const tree = new SumTree(LEAVES);
  const all = Int32Array.from({ length: LEAVES }, (_, leaf) => leaf);
  tree.setMany(
    all,
    Float64Array.from(all, () => random.uniform()),
    LEAVES,
  );
  const leaves = new Int32Array(DRAWN);
  const masses = new Float64Array(DRAWN);
  const priorities = Float64Array.from(masses, () => random.uniform());
  const took = new Float64Array(2 * TURNS);
  for (let turn = 0; turn < took.length; turn++) {
    const share = tree.total / DRAWN;
    const begin = performance.now();
    for (let i = 0; i < DRAWN; i++) masses[i] = (i + random.uniform()) * share;
    tree.findMany(masses, leaves, DRAWN);
    tree.setMany(leaves, priorities, DRAWN);
    took[turn] = (performance.now() - begin) * 1000;
  }
  const sorted = took.subarray(TURNS).sort();
  const figures = { best: sorted[0], median: sorted[TURNS >> 1] };
  return Object.entries(figures).map(([which, value]) => ({
    ...benchRow(
      `sum tree of 1M, draw and update 1,000, ${which}`,
      value,
      'µs',
      'the goal',
      GOAL_MICROSECONDS,
      -1,
    ),
    goal: 1,
  }));
}
