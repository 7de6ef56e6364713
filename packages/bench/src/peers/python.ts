import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The path of a script of `packages/bench/peers`. */
export const peerScript = (name: string): string =>
  fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));

/**
 * Runs a script of `packages/bench/peers` with the peer's name, in a private Python that has the packages, and reads the
 * JSON that it prints. Null, with a line on stderr, where the packages are not to be had or the script fails.
 */
export async function measurePeer<T>(
  name: string,
  packages: readonly string[],
  script: string,
): Promise<T | null> {
  try {
    const python = await peerPython(name, packages);
    const { stdout } = await run(python, [peerScript(script), name], { maxBuffer: 1 << 24 });
    return JSON.parse(stdout) as T;
  } catch (error) {
    return tellAbsent(name, error);
  }
}

/** A Python with these packages, made once; null, with a line on stderr, where they are not to be had. */
export async function peerPythonIfAny(name: string, packages: readonly string[]): Promise<string | null> {
  try {
    return await peerPython(name, packages);
  } catch (error) {
    return tellAbsent(name, error);
  }
}

function tellAbsent(name: string, error: unknown): null {
  const { stderr, message } = error as { stderr?: string; message: string };
  const reason = stderr?.trim().split('\n').at(-1) || message;
  process.stderr.write(`The peer ${name} can't be measured here: ${reason}\n`);
  return null;
}

/** A Python with these packages, made once in the cache folder. */
export async function peerPython(name: string, packages: readonly string[]): Promise<string> {
  const cache = process.env['QFLEET_CACHE_DIR'] ?? join(homedir(), '.cache', 'qfleet');
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  const folder = join(cache, 'peers', `${name}-${key}`);
  const python = join(folder, 'bin', 'python');
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return python;
  process.stderr.write(`Installing ${packages.join(', ')} into ${folder} …\n`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(cache, 'peers'), { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 1 << 24 });
  // Only what was installed whole counts.
  await mkdir(ready);
  return python;
}
