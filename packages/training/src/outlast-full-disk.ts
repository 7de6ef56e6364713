import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '@qfleet/report';

const PAUSE_MS = 1_000;

/** Who waits for room on a disk. */
export interface DiskPatience {
  /** Told once what can't be written. */
  readonly warn: (message: string) => void;
  /** Told once it could. */
  readonly info: (message: string) => void;
  /** Aborted: what can't be written now is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Does `write` again and again while its disk is full, since whoever runs it may make room.
 * @throws what else `write` throws; StorageError once the signal is aborted.
 */
export async function outlastFullDisk<T>(
  write: () => T | Promise<T>,
  { warn, info, signal }: DiskPatience,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const written = await write();
      if (tries > 1) info('The disk has room again.');
      return written;
    } catch (error) {
      if (!(error instanceof StorageError && error.isFull) || signal.aborted) throw error;
      if (tries === 1) warn(`${error.message} Until then this waits.`);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
