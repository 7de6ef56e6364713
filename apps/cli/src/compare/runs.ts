import { realpathSync } from 'node:fs';
import type { RunConfig } from '@qfleet/config';
import { type MetricsRow, RunDirectory, type RunSummary } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';

/** A run that ended with an evaluation. */
export interface EndedRun {
  /** As it was named. */
  readonly path: string;
  readonly config: RunConfig;
  readonly summary: RunSummary;
  /** The mean return of its final evaluation. */
  readonly score: number;
  readonly rows: readonly MetricsRow[];
}

/**
 * The runs of some directories.
 *
 * @throws UsageError where a run has no final evaluation, or is named twice; RunDirectoryError where it is no run.
 */
export function openRuns(paths: readonly string[]): EndedRun[] {
  const seen = new Map<string, string>();
  return paths.map((path) => {
    const run = openRun(path);
    // A copy of a run directory is the same run.
    const before = seen.get(run.summary.run);
    if (before !== undefined) {
      throw new UsageError(`${before} and ${path} are the same run${target(path)}: name it once.`);
    }
    seen.set(run.summary.run, path);
    return run;
  });
}

function openRun(path: string): EndedRun {
  const directory = RunDirectory.open(path);
  const summary = directory.readSummary();
  const goOn = `let it train to its end, as with \`${suggest('resume', path)}\`, or leave it out`;
  if (summary === null) {
    throw new UsageError(`${path} has no summary.json, for its run has not ended: ${goOn}.`);
  }
  if (summary.evaluation === null) {
    throw new UsageError(
      `${path} has no final evaluation in its summary.json, for its run was stopped before its end (${summary.stopReason}): ${goOn}.`,
    );
  }
  const { config } = directory;
  return { path, config, summary, score: summary.evaluation.mean, rows: directory.readMetrics() };
}

/** Where a path leads, for `runs/latest`. */
function target(path: string): string {
  const real = realpathSync(path);
  return real.endsWith(path) ? '' : ` (${real})`;
}
