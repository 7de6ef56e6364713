import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  fractionAbove,
  type Interval,
  independentBootstrap,
  interquartileMean,
  meanOf,
  optimalityGap,
  probabilityOfImprovement,
  quantile,
  standardError,
  stratifiedBootstrap,
} from '../src/index.ts';

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
    // None of three values is left out.
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

interface Reference {
  readonly goal: number;
  readonly scores: Readonly<Record<string, readonly number[]>>;
  readonly thresholds: readonly number[];
  readonly groups: Readonly<
    Record<
      string,
      {
        readonly iqm: number;
        readonly iqmInterval: Bounds;
        readonly optimalityGap: number;
        readonly optimalityGapInterval: Bounds;
        readonly profile: readonly number[];
        readonly profileIntervals: readonly Bounds[];
      }
    >
  >;
  readonly pairs: readonly {
    readonly these: string;
    readonly others: string;
    readonly probability: number;
    readonly interval: Bounds;
  }[];
}
type Bounds = readonly [low: number, high: number];

describe('comparisons are those of rliable 1.2.0', () => {
  const file = new URL('./reference/statistics.json', import.meta.url);
  const reference = JSON.parse(readFileSync(file, 'utf8')) as Reference;
  const options = () => ({ uniform: uniforms(), resamples: 20_000 });

  /** Two bootstraps of one statistic differ by their draws: by so much of what the scores span. */
  const expectNear = ({ low, high }: Interval, [wantedLow, wantedHigh]: Bounds, span: number): void => {
    expect(Math.abs(low - wantedLow) / span).toBeLessThan(0.04);
    expect(Math.abs(high - wantedHigh) / span).toBeLessThan(0.04);
  };

  it.each(Object.entries(reference.groups))('of the scores %s', (name, wanted) => {
    const scores = reference.scores[name];
    const span = Math.max(...scores) - Math.min(...scores) || 1;
    const gap = (values: readonly number[]): number => optimalityGap(values, reference.goal);
    expect(interquartileMean(scores)).toBeCloseTo(wanted.iqm, 9);
    expect(gap(scores)).toBeCloseTo(wanted.optimalityGap, 9);
    expectNear(stratifiedBootstrap([scores], interquartileMean, options()), wanted.iqmInterval, span);
    expectNear(stratifiedBootstrap([scores], gap, options()), wanted.optimalityGapInterval, span);
    for (const [i, threshold] of reference.thresholds.entries()) {
      const above = (values: readonly number[]): number => fractionAbove(values, threshold);
      expect(above(scores)).toBeCloseTo(wanted.profile[i], 9);
      expectNear(stratifiedBootstrap([scores], above, options()), wanted.profileIntervals[i], 1);
    }
  });

  it.each(reference.pairs)('of $these over $others', ({ these, others, probability, interval }) => {
    const pair = [reference.scores[these], reference.scores[others]] as const;
    expect(probabilityOfImprovement(...pair)).toBeCloseTo(probability, 9);
    expectNear(independentBootstrap(...pair, probabilityOfImprovement, options()), interval, 1);
  });
});
