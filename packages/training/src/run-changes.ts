import { type Change, checkChanges, type RunConfig, runSchema } from '@qfleet/config';
import type { MetricsRow, RunDirectory } from '@qfleet/report';
import type { Checkpoint } from './checkpoint.ts';

/**
 * What a run's new configuration changes, by options or by an edited `config.yaml`, since the last checkpoint: that one
 * says what the run was trained with.
 *
 * @throws ConfigError naming each field that can't change, and why.
 */
export function changesOf(directory: RunDirectory, config: RunConfig, from: Checkpoint | null): Change[] {
  const trained = runSchema.safeParse(from?.config);
  return checkChanges(trained.success ? trained.data : directory.config, config);
}

/** Writes a run's new configuration, and at which update it took effect. */
export async function recordChanges(
  directory: RunDirectory,
  config: RunConfig,
  changes: readonly Change[],
  from: Checkpoint | null,
): Promise<RunDirectory> {
  if (changes.length === 0) return directory;
  return await directory.change(config, standingRow(directory, from), changes);
}

/** How training stands at a checkpoint, as a row of the metrics. */
function standingRow(directory: RunDirectory, from: Checkpoint | null): MetricsRow {
  const { evaluation: _, changes: __, ...last } = directory.readMetrics().at(-1) ?? NOTHING;
  return {
    ...last,
    time: from?.seconds ?? 0,
    steps: from?.steps ?? 0,
    updates: from?.updates ?? 0,
  };
}

const NOTHING: MetricsRow = {
  time: 0,
  steps: 0,
  updates: 0,
  episodes: 0,
  meanReturn: null,
  returnStd: null,
  epsilon: null,
  loss: null,
  meanAbsTdError: null,
  meanQ: null,
  replayTransitions: 0,
};
