import { statSync } from 'node:fs';
import { RunDirectory } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { fileSource } from './file-source.ts';
import { runSources } from './run-source.ts';
import type { OfflineSource } from './source.ts';

/**
 * What `--offline` names: files, and directories of runs that have ended.
 * @throws UsageError for what is neither.
 */
export const sourcesOf = (places: readonly string[]): OfflineSource[] => places.flatMap(sourcesAt);

function sourcesAt(where: string): OfflineSource[] {
  if (RunDirectory.exists(where)) return runSources(where);
  const stat = statSync(where, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`There is no file and no run directory ${where}.`);
  if (stat.isDirectory()) {
    throw new UsageError(`${where} is a directory, and no run's: name the files to learn from.`);
  }
  if (!stat.isFile()) throw new UsageError(`${where} is a device or a pipe, and no file.`);
  return [fileSource(where)];
}
