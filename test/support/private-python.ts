import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

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
  const folder = folderOf(purpose, packages);
  const python = join(folder, 'bin', 'python');
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return python;
  process.stderr.write(`Installing ${packages.join(', ')} into ${folder} …\n`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, '..'), { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 1 << 24 });
  // Only what was installed whole counts.
  await mkdir(ready);
  return python;
}

function folderOf(purpose: string, packages: readonly string[]): string {
  const cache = process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet');
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  return join(cache, purpose, key);
}
