import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { storageError } from '@qfleet/report';

/** The names of temporary files, which a killed writer leaves behind. */
export const TEMPORARY = /^\..+\.[0-9a-f]{8}\.tmp$/;

/**
 * Writes a file whole or not at all, also through a power cut: temporary file, fsync, rename, fsync of the folder.
 * @throws {StorageError} where the operating system refuses it; nothing is left behind then.
 */
export async function writeAtomically(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await write(temporary);
    await sync(temporary, 'r+');
    await rename(temporary, path);
    await sync(dirname(path), 'r');
  } catch (error) {
    await rm(temporary, { force: true });
    throw storageError(error, path);
  }
}

async function sync(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  await file.sync().finally(() => file.close());
}
