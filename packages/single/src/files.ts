import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunDirectory } from '@qfleet/report';
import { type Checkpoint, MetricsRecorder } from '@qfleet/training';

/** Where a run's files go while it trains. */
export interface RunFiles {
  /** The folder of its checkpoints. */
  readonly checkpoints: string;
  /** Null: the metrics are not kept. */
  readonly recorder: MetricsRecorder | null;
  close(): Promise<void>;
}

/**
 * The files of a run directory, locked until they are closed. Metrics of later updates than the run goes on from are
 * removed: they come again.
 *
 * @throws LockedError where another process trains into it.
 */
export async function lockedFiles(
  directory: RunDirectory,
  from: Checkpoint | null,
  warn: (sentence: string) => void,
): Promise<RunFiles> {
  await directory.lock();
  try {
    directory.keepMetricsUpTo(from?.updates ?? -1);
    const recorder = new MetricsRecorder(directory, warn);
    return { checkpoints: directory.checkpoints, recorder, close: async () => directory.unlock() };
  } catch (error) {
    directory.unlock();
    throw error;
  }
}

/** Files of which nothing is left once they are closed. */
export async function temporaryFiles(): Promise<RunFiles> {
  const checkpoints = await mkdtemp(join(tmpdir(), 'qfleet-run-'));
  return { checkpoints, recorder: null, close: () => rm(checkpoints, { recursive: true, force: true }) };
}
