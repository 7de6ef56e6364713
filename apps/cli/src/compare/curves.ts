import { type Interval, interquartileMean, type MetricsRow, stratifiedBootstrap } from '@qfleet/report';
import { bootstrapStream } from './bootstrap-stream.ts';

/** A point of a group's learning curve. */
export interface CurvePoint {
  /** Environment steps. */
  readonly steps: number;
  /** The interquartile mean over runs of the return while training. */
  readonly value: number;
  /** The interval of the same, of 95 %; null: it is of a single run. */
  readonly interval: Interval | null;
}

interface Sample {
  readonly steps: number;
  readonly value: number;
}

const POINTS = 100;
/** A band is only looked at: its edges need fewer resamples than a figure. */
const RESAMPLES = 500;

/**
 * The learning curve of some runs: at even steps, from where each of them has ended an episode to the end of the longest,
 * linear between rows. A run that has ended keeps its last return, so that those that were solved early still count.
 *
 * @param runs the rows of each, in time's order; those without any ended episode are left out.
 */
export function curveOf(runs: readonly (readonly MetricsRow[])[]): CurvePoint[] {
  const curves = runs.map(samplesOf).filter((samples) => samples.length > 0);
  if (curves.length === 0) return [];
  const first = Math.max(...curves.map((samples) => samples[0].steps));
  const last = Math.max(...curves.map((samples) => samples[samples.length - 1].steps));
  const count = last > first ? POINTS : 1;
  return Array.from({ length: count }, (_, i) => {
    const steps = count === 1 ? first : first + (i / (count - 1)) * (last - first);
    const values = curves.map((samples) => valueAt(samples, steps));
    return {
      steps,
      value: interquartileMean(values),
      interval:
        values.length < 2
          ? null
          : stratifiedBootstrap([values], interquartileMean, {
              uniform: bootstrapStream(),
              resamples: RESAMPLES,
            }),
    };
  });
}

/** Mean returns of training episodes. */
const samplesOf = (rows: readonly MetricsRow[]): Sample[] =>
  rows.flatMap(({ steps, meanReturn }) => (meanReturn === null ? [] : [{ steps, value: meanReturn }]));

/** The value at a number of steps that is not before the first sample. */
function valueAt(samples: readonly Sample[], steps: number): number {
  const after = samples.findIndex((sample) => sample.steps > steps);
  if (after === -1) return samples[samples.length - 1].value;
  const [before, next] = [samples[after - 1], samples[after]];
  const part = (steps - before.steps) / (next.steps - before.steps);
  return before.value + part * (next.value - before.value);
}
