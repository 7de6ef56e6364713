import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { RunDirectory } from '@qfleet/report';
import { UsageError } from './errors.ts';
import { shown } from './terminal/output.ts';

/**
 * Refuses to run the code of a run directory that may be somebody else's: its environment is a module, and that lies
 * outside the project of the working directory.
 * @param trusted the user has said `--trust`.
 * @throws UsageError
 */
export function checkTrust(directory: RunDirectory, trusted: boolean): void {
  const module = untrustedModule(directory);
  if (trusted || module === null) return;
  throw new UsageError(
    `${shown(directory.path)} would run ${module}, which lies outside of this project: read it first, and if you trust ` +
      'it add --trust.',
  );
}

/** `--trust`, where a command on this directory needs it. */
export const trustOption = (directory: RunDirectory): string[] =>
  untrustedModule(directory) === null ? [] : ['--trust'];

/** The module that a run directory has as its environment, where it lies outside of this project; null: it has none there. */
function untrustedModule({ config }: RunDirectory): string | null {
  const { module } = config.environment;
  // A file that is not there runs nothing; whoever loads it says that it is missing.
  if (module === undefined || !existsSync(module)) return null;
  const path = relative(projectOf(realpathSync(process.cwd())), realpathSync(module));
  return path.startsWith('..') || isAbsolute(path) ? module : null;
}

/** The nearest folder above, or this one, that has a package.json or is a Git checkout; where there is none, this one. */
function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) || existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return folder;
  }
}
