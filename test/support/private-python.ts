import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where what takes long to make is kept. */
export const cacheFolder = (): string =>
  process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet');

/**
 * Makes a Python with these packages alone, once, in the cache folder. On some platforms pip's torch brings CUDA: several
 * gigabytes.
 *
 * @param purpose names the folder.
 * @param packages as pip takes them, with their versions.
 * @returns its path.
 * @throws What pip says where it can't be made.
 */
export async function privatePython(purpose: string, packages: readonly string[]): Promise<string> {
  const pythonOf = (folder: string): string => join(folder, 'bin', 'python');
  const folder = await madeOnce(purpose, packages, async (made) => {
    process.stderr.write(`Installing ${packages.join(', ')} into ${made} …\n`);
    await run('python3', ['-m', 'venv', made]);
    await run(pythonOf(made), ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 1 << 24 });
  });
  return pythonOf(folder);
}

/**
 * A folder of the cache that is filled once.
 *
 * @param purpose names it, together with what it is made of: `parts`.
 * @param make fills it; where it fails, the next call begins anew.
 * @returns its path.
 */
export async function madeOnce(
  purpose: string,
  parts: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), purpose, key);
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, '..'), { recursive: true });
  await make(folder);
  // Only what was made whole counts.
  await mkdir(ready);
  return folder;
}
