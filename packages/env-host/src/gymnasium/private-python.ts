import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentDefinitionError } from '@qfleet/envs';

const run = promisify(execFile);

/** Gymnasium and NumPy, pinned; NumPy's for Python 3.10 is its last. */
export const GYMNASIUM = [
  'gymnasium==1.4.0',
  'numpy==2.4.6; python_version >= "3.11"',
  'numpy==2.2.6; python_version < "3.11"',
];
/** What Atari's games need beside. */
export const ATARI = ['ale-py==0.12.1', 'opencv-python-headless==5.0.0.93'];

/** What Gymnasium's own environments are drawn with. */
export const FRAMES = ['pygame==2.6.1'];

const ADVICE = 'name a Python that has what the environment needs, as in --python /path/to/python';

/**
 * A Python with these packages alone, made once in the cache folder by `venv` and `pip` as they are configured here.
 *
 * @returns its path.
 * @throws EnvironmentDefinitionError where it can't be made, with why.
 */
export async function privatePython(packages: readonly string[]): Promise<string> {
  const key = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), 'gymnasium', key);
  const pythonOf = (at: string): string => join(at, 'bin', 'python');
  if (existsSync(folder)) return pythonOf(folder);
  const partial = `${folder}.${process.pid}`;
  process.stderr.write(`Installing ${shown(packages)} into ${folder}, once …\n`);
  try {
    await mkdir(join(folder, '..'), { recursive: true });
    await rm(partial, { recursive: true, force: true });
    await makeVenv(partial);
    await install(pythonOf(partial), packages);
    // Only what was made whole counts; another process may have been quicker.
    await rename(partial, folder).catch((cause: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw cause;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return pythonOf(folder);
}

/** Requirements by their names, with the version where it does not depend on the Python. */
const shown = (packages: readonly string[]): string =>
  [...new Set(packages.map((each) => each.replace(/==.*;.*/, '')))].join(', ');

async function makeVenv(folder: string): Promise<void> {
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new EnvironmentDefinitionError(
      code === 'ENOENT'
        ? `There is no python3 on the path, which Gymnasium's environments run in: install Python 3.10 or newer with its venv, or ${ADVICE}.`
        : `python3 can't make a virtual environment for Gymnasium (${reason(cause)}): install its venv, on Debian the package python3-venv, or ${ADVICE}.`,
      { cause },
    );
  }
}

async function install(python: string, packages: readonly string[]): Promise<void> {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  try {
    await run(python, args, { maxBuffer: 1 << 24 });
  } catch (cause) {
    throw new EnvironmentDefinitionError(
      `pip can't install ${shown(packages)} (${reason(cause)}): see that pip reaches its index, or ${ADVICE}.`,
      { cause },
    );
  }
}

/** What a program said, on one line. */
function reason(cause: unknown): string {
  const {
    stderr = '',
    stdout = '',
    message,
  } = cause as { stderr?: string; stdout?: string; message: string };
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const said = lines.findLast((line) => /error/i.test(line)) ?? lines.find((line) => line !== '') ?? message;
  return said.slice(0, 300).replace(/[.:\s]+$/, '');
}

/** The folder of everything that outlives a checkout, as set-up has it. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['QFLEET_CACHE_DIR']) return env['QFLEET_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'qfleet');
}

/**
 * A Python that the user named.
 * @throws EnvironmentDefinitionError where there is no such file.
 */
export function namedPython(path: string): string {
  const candidates = path.includes('/')
    ? [path]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, path));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new EnvironmentDefinitionError(
    `There is no Python ${path}: --python takes the path of one that has gymnasium.`,
  );
}
