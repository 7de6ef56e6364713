import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { learnsFromRecorded, learnsFromRounds, type RunConfig } from '@qfleet/config';
import type { Launch, RunDirectory } from '@qfleet/report';
import { UsageError } from '../errors.ts';

const folderOf = ({ path }: RunDirectory): string => join(path, 'replay');

/** @throws UsageError where a run that is asked to keep its replay has none to keep, or keeps it anyway. */
export function checkKeepsReplay(mode: Launch['mode'], config: RunConfig): void {
  if (mode === 'fleet') {
    throw new UsageError(
      '--keep-replay is for --single: the replay of a fleet stays on its Redis, so leave it out.',
    );
  }
  if (learnsFromRecorded(config)) {
    throw new UsageError(
      '--keep-replay has nothing to keep: the run learns from recorded dialogues alone, and plays none (agent.data.updates is null); leave ' +
        'it out.',
    );
  }
  if (learnsFromRounds(config)) {
    throw new UsageError('--keep-replay has nothing to keep: agent.kind pqn has no replay; leave it out.');
  }
}

/** The files in which a run in one process has kept its replay, one a session, oldest first. */
export function keptReplays(directory: RunDirectory): string[] {
  const folder = folderOf(directory);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
  return files.sort().map((name) => join(folder, name));
}

/**
 * The file in which a session keeps its replay.
 * @param updates those that the session began with.
 */
export const keptReplayOf = (directory: RunDirectory, updates: number): string =>
  join(folderOf(directory), `${String(updates).padStart(12, '0')}.parquet`);
