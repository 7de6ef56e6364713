import { quantile } from './means.ts';

/** Bounds of an interval, both included. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Numbers uniform in [0, 1): the interval depends on nothing else but the scores. */
  readonly uniform: () => number;
  /** Default: 2000, as `rliable`. */
  readonly resamples?: number;
  /** How much of the distribution the interval holds. Default 0.95. */
  readonly coverage?: number;
}

/**
 * The interval of a statistic by a stratified bootstrap with percentiles (Agarwal et al., 2021, section 4.2): each
 * resample draws, for every task by itself, as many runs as it has, with replacement, and the statistic takes the
 * scores of all tasks together.
 *
 * @param scores a list of runs' scores for each task; a task has at least one.
 */
export function stratifiedBootstrap(
  scores: readonly (readonly number[])[],
  statistic: (values: readonly number[]) => number,
  { uniform, resamples = 2_000, coverage = 0.95 }: BootstrapOptions,
): Interval {
  const drawn = scores.flat();
  const found = Array.from({ length: resamples }, () => {
    let i = 0;
    for (const runs of scores) {
      for (let n = 0; n < runs.length; n++) drawn[i++] = runs[Math.floor(uniform() * runs.length)];
    }
    return statistic(drawn);
  });
  return percentiles(found, coverage);
}

/**
 * The interval of a statistic of two lists of scores of one task, each resampled by itself: the bootstrap by which
 * `rliable` finds the interval of a probability of improvement.
 *
 * @param these at least one score; so has `others`.
 */
export function independentBootstrap(
  these: readonly number[],
  others: readonly number[],
  statistic: (these: readonly number[], others: readonly number[]) => number,
  { uniform, resamples = 2_000, coverage = 0.95 }: BootstrapOptions,
): Interval {
  const resampled = (scores: readonly number[]): number[] =>
    scores.map(() => scores[Math.floor(uniform() * scores.length)]);
  const found = Array.from({ length: resamples }, () => statistic(resampled(these), resampled(others)));
  return percentiles(found, coverage);
}

function percentiles(found: readonly number[], coverage: number): Interval {
  const outside = (1 - coverage) / 2;
  return { low: quantile(found, outside), high: quantile(found, 1 - outside) };
}
