import { describe, expect, it } from 'vitest';
import { interquartileMean, meanOf, quantile, standardError, stratifiedBootstrap } from '../src/index.ts';

/** Scores of five runs on each of two tasks. */
const scores = [
  [1.5, 3.25, 0.5, 10, 2],
  [-2, 7, 4.75, -1.25, 0.125],
];

/** Numbers uniform in [0, 1), always the same: Park and Miller's generator (1988). */
function uniforms(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('point values are those of rliable 1.2.0, SciPy 1.17.1 and NumPy', () => {
  it('interquartileMean', () => {
    expect(interquartileMean(scores.flat())).toBeCloseTo(2.0208333333333335, 9);
    expect(interquartileMean([5, 1, 9, 2.5, 7, -3, 4])).toBeCloseTo(3.9, 9);
    // Of three values none is left out.
    expect(interquartileMean([6, 0, 3])).toBeCloseTo(3, 9);
  });

  it('meanOf and standardError', () => {
    expect(meanOf(scores.flat())).toBeCloseTo(2.5875, 9);
    expect(standardError(scores[0])).toBeCloseTo(1.6963195453687372, 9);
    expect(standardError([3])).toBeNull();
  });

  it('quantile', () => {
    expect(quantile(scores[0], 0.3)).toBeCloseTo(1.6, 9);
    expect(quantile(scores[0], 1)).toBe(10);
    expect(quantile([4], 0.9)).toBe(4);
  });
});

describe('stratifiedBootstrap', () => {
  it('gives the interval of the same bootstrap by 100,000 resamples in NumPy', () => {
    const { low, high } = stratifiedBootstrap(scores, interquartileMean, {
      uniform: uniforms(),
      resamples: 50_000,
    });
    expect(low).toBeCloseTo(0.2083, 1);
    expect(high).toBeCloseTo(4.9177, 1);
  });

  it('draws the runs of each task from that task alone', () => {
    const tasks = [
      [0, 0, 0],
      [9, 9],
    ];
    const { low, high } = stratifiedBootstrap(tasks, meanOf, { uniform: uniforms(), resamples: 200 });
    expect([low, high]).toEqual([18 / 5, 18 / 5]);
  });

  it('has an interval as wide as asked for', () => {
    const options = { uniform: uniforms(), resamples: 4_000 };
    const wide = stratifiedBootstrap(scores, meanOf, options);
    const narrow = stratifiedBootstrap(scores, meanOf, { ...options, coverage: 0.5 });
    expect(narrow.low).toBeGreaterThan(wide.low);
    expect(narrow.high).toBeLessThan(wide.high);
  });
});
