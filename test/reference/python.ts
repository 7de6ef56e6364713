import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the references need, at the versions that the stored ones were made by. */
const PACKAGES = ['numpy==2.3.5', 'torch==2.9.1'];

/**
 * Makes a private Python with the packages, once, in the cache folder, and says where it is as QFLEET_REFERENCE_PYTHON. On
 * some platforms pip's torch brings CUDA: several gigabytes.
 */
export default function setUp(): void {
  const cache = process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet');
  const key = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12);
  const folder = join(cache, 'references', key);
  const python = join(folder, 'bin', 'python');
  const ready = join(folder, 'ready');
  process.env['QFLEET_REFERENCE_PYTHON'] = python;
  if (existsSync(ready)) return;
  console.log(`Installing ${PACKAGES.join(', ')} into ${folder} …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(cache, 'references'), { recursive: true });
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { stdio: 'inherit' });
  // Only what was installed whole counts.
  mkdirSync(ready);
}
