import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './atomic-write.ts';
import { RunDirectoryError } from './errors.ts';
import { readTextFile } from './read-file.ts';
import type { Recorded } from './records.ts';
import type { RunDirectory } from './run-directory.ts';

/** Recorded dialogues that a run was given. */
export interface GivenDialogues {
  /** A file or directory of `qfleet data`. */
  readonly path: string;
  readonly episodes: number;
  /** Undiscounted. */
  readonly meanReturn: number;
  /** SHA-256 of the episodes, in their order. */
  readonly fingerprint: string;
  /** The fingerprint of the tokenizer that they were read with. */
  readonly tokenizer: string;
}

/** How a run was started, so that `resume` and `top` find it again. */
export interface Launch {
  readonly mode: 'fleet' | 'single';
  /** A fleet's Redis, without credentials; null: a server of the run's own, in its directory. */
  readonly redis: string | null;
  /** The run directory or the checkpoint whose weights it began with. */
  readonly from?: string;
  /** The recorded experience that it learns from; left out: it plays. */
  readonly offline?: Recorded['sources'];
  /** The recorded dialogues that it learns from, where they were given. */
  readonly dialogues?: GivenDialogues;
  /** Whether a session in one process keeps its replay when it ends. */
  readonly keepReplay?: true;
  /** Where the run's own server listens while it runs. */
  readonly ownRedis?: string;
}

const fileOf = (directory: RunDirectory): string => join(directory.path, 'launch.json');

export const writeLaunch = (directory: RunDirectory, launch: Launch): void =>
  writeFileAtomically(fileOf(directory), `${JSON.stringify(launch, null, 2)}\n`);

/**
 * How a run was started.
 * @throws RunDirectoryError where the run was not started by `qfleet train`.
 */
export function readLaunch(directory: RunDirectory): Launch {
  const file = fileOf(directory);
  if (!existsSync(file)) {
    throw new RunDirectoryError(
      `${directory.path} has no launch.json: its learner was started by itself, so start it again in the same way.`,
    );
  }
  return JSON.parse(readTextFile(file)) as Launch;
}

/** The folder of a run's own Redis server. */
export const redisFolderOf = (directory: RunDirectory): string => join(directory.path, 'redis');
