import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '@qfleet/report';
import { UsageError } from '../errors.ts';
import { print, printJson } from '../terminal/output.ts';
import { type Comparison, compareGroups } from './comparison.ts';
import { type Group, groupRuns } from './groups.ts';
import { drawCurves, drawProfiles } from './pictures.ts';
import { openRuns } from './runs.ts';
import { checkSameTask } from './same-task.ts';
import { comparisonCsv, comparisonTable } from './tables.ts';

/** The options of `qfleet compare`. */
export interface CompareOptions {
  readonly by?: string;
  readonly json?: true;
  readonly csv?: true;
  readonly out?: string;
}

/** `qfleet compare`: says how groups of runs of one task did. */
export async function compare(paths: readonly string[], options: CompareOptions): Promise<void> {
  if (options.json && options.csv) throw new UsageError('--json and --csv both print to stdout: choose one.');
  const runs = openRuns(paths);
  checkSameTask(runs);
  const comparison = compareGroups(groupRuns(runs, options.by) as [Group, ...Group[]]);
  if (options.out !== undefined) await writeFiles(options.out, comparison);
  if (options.json) return printJson(comparison);
  await print(options.csv ? comparisonCsv(comparison) : comparisonTable(comparison));
}

async function writeFiles(folder: string, comparison: Comparison): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--out ${folder}: the folder can't be made (${code}); choose another.`);
  }
  const [curves, profiles] = await Promise.all([drawCurves(comparison), drawProfiles(comparison)]);
  writeFileAtomically(join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  writeFileAtomically(join(folder, 'compare.csv'), `${comparisonCsv(comparison)}\n`);
  writeFileAtomically(join(folder, 'curves.svg'), curves);
  writeFileAtomically(join(folder, 'profiles.svg'), profiles);
}
