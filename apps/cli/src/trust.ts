import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { RunConfig } from '@qfleet/config';
import { UsageError } from './errors.ts';
import { isRemembered } from './named-python.ts';
import { shown } from './terminal/output.ts';

/** The directory of a run, or of a sweep: where it is, and what it trains. */
interface Trained {
  readonly path: string;
  readonly config: RunConfig;
}

/**
 * Refuses to run the code of a directory that may be somebody else's: its environment is a module, or of a Python, that
 * lies outside the project of the working directory; a Python that the user named before is the user's.
 * @param trusted the user has said `--trust`.
 * @throws UsageError
 */
export function checkTrust(directory: Trained, trusted: boolean): void {
  if (trusted) return;
  const module = untrustedModule(directory);
  if (module !== null) {
    throw new UsageError(
      `${shown(directory.path)} would run ${module}, which lies outside of this project: read it first, and if you trust ` +
        'it add --trust.',
    );
  }
  const python = untrustedPython(directory);
  if (python === null) return;
  throw new UsageError(
    `${shown(directory.path)} would run the Python ${python}, which lies outside of this project and was never named here: ` +
      'if you trust it add --trust.',
  );
}

/** `--trust`, where a command on this directory needs it. */
export const trustOption = (directory: Trained): string[] =>
  untrustedModule(directory) === null && untrustedPython(directory) === null ? [] : ['--trust'];

/** The module that a directory has as its environment, where it lies outside of this project; null: it has none there. */
function untrustedModule({ config }: Trained): string | null {
  const { module } = config.environment;
  // A file that is not there runs nothing; whoever loads it says that it is missing.
  if (module === undefined || !existsSync(module)) return null;
  return isOutside(module) ? module : null;
}

/** The Python that a directory names, where the user has never trained with it and it lies outside of this project. */
function untrustedPython({ config }: Trained): string | null {
  const { python } = config.environment.gymnasium;
  if (python === null || !existsSync(python) || isRemembered(python)) return null;
  return isOutside(python) ? python : null;
}

/** Whether a file lies outside of the project of the working directory. */
function isOutside(file: string): boolean {
  const path = relative(projectOf(realpathSync(process.cwd())), realpathSync(file));
  return path.startsWith('..') || isAbsolute(path);
}

/** The nearest folder above, or this one, that has a package.json or is a Git checkout; where there is none, this one. */
function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) || existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return folder;
  }
}
