import type { RunConfig } from '@qfleet/config';
import { isBridged } from '@qfleet/env-host';
import { findEnvironment } from '@qfleet/envs';
import { UsageError } from '../errors.ts';
import { taskDifferences } from '../task-differences.ts';
import type { EndedRun } from './runs.ts';

/** What decides which returns can be reached. How a network sees a state, and how often it acts, is the agent's. */
const TASK = ['id', 'module', 'options', 'maxEpisodeSteps', 'stickyActions'] as const;

/** @throws UsageError where two runs play different environments, or one with different options: it says which. */
export function checkSameTask(runs: readonly EndedRun[]): void {
  const [first, ...others] = runs;
  for (const other of others) {
    const differences = taskDifferences(TASK, first.config.environment, other.config.environment);
    if (differences.length === 0) continue;
    throw new UsageError(
      `${first.path} and ${other.path} play different tasks, whose returns can't be compared: ${differences.join('; ')}.`,
    );
  }
}

/**
 * The return that counts as solved: `stop.solvedReturn` where all runs have the same, else that of the environment. One of
 * a module, or of Gymnasium, is not asked, since that would run its code. Null: there is none.
 */
export function goalOf(runs: readonly EndedRun[]): number | null {
  const { environment, stop } = runs[0].config;
  const areEqual = runs.every(({ config }) => config.stop.solvedReturn === stop.solvedReturn);
  if (areEqual && stop.solvedReturn !== null) return stop.solvedReturn;
  if (environment.module !== undefined || isBridged(environment.id)) return null;
  return findEnvironment(environment.id, environment.options).solvedReturn;
}

/** The environment that runs play, as people say it. */
export function taskName({ environment }: RunConfig): string {
  const options = Object.entries(environment.options).map(([name, value]) => `${name}=${value}`);
  return options.length === 0 ? environment.id : `${environment.id} (${options.join(', ')})`;
}
