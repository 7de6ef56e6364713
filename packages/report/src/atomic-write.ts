import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writing } from './storage-error.ts';

/**
 * Writes a whole file so that at any moment, a power cut included, the path holds either all of the old content or
 * all of the new: a temporary file beside it, fsync, rename, fsync of the folder.
 *
 * @throws StorageError where the operating system refuses it; nothing is left behind then.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  writing(path, () => replaceFile(path, content));
}

function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  // Windows opens no folder; its rename is durable enough without.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
