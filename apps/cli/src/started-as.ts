import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { shellWord } from './shell-word.ts';

/** What a package runner puts in front of PATH: a shell that the user types into has none of it. */
const OF_RUNNERS = `node_modules${sep}.bin`;

/**
 * The command as a shell takes it in this folder: `qfleet` where that is on everybody's PATH, `npx qfleet` where it is
 * a package of the project here, and by its file from other folders.
 *
 * @param env `QFLEET_COMMAND` is what set-up says of a checkout.
 */
export function startedAs(
  env: Readonly<Record<string, string | undefined>>,
  script: string,
  cwd: string,
): string {
  if (env['QFLEET_COMMAND']) return env['QFLEET_COMMAND'];
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith(OF_RUNNERS));
  if (folders.some((folder) => isProgram(join(folder, 'qfleet')))) return 'qfleet';
  const file = real(script);
  const project = projectOf(file);
  // In a checkout, of which set-up says nothing, whoever started it knows how.
  if (project === null) return 'qfleet';
  const here = real(cwd);
  const runner = env['npm_config_user_agent']?.startsWith('pnpm/') ? 'pnpm exec' : 'npx';
  // The cache of npx is no project of anybody's: npx finds it from anywhere.
  if (project.includes(`${sep}_npx${sep}`)) return 'npx qfleet';
  const isWithin = here === project || here.startsWith(project + sep);
  return isWithin ? `${runner} qfleet` : shellWord(join(project, OF_RUNNERS, 'qfleet'));
}

/** The folder whose node_modules holds this package; null: it is no package. */
function projectOf(file: string): string | null {
  if (!file.includes(`${sep}node_modules${sep}qfleet${sep}`)) return null;
  const at = file.indexOf(`${sep}node_modules${sep}`);
  return dirname(file.slice(0, at + `${sep}node_modules`.length));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
