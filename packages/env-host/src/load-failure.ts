import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shortPath, thrownText } from '@qfleet/envs';

/**
 * Why a module can't be loaded, for the end of a sentence; a syntax error with its file, line and column.
 *
 * @param last the URL that was resolved last: where Node does not say which file it could not parse, it is that one.
 */
export function loadFailure(cause: unknown, last: string): string {
  const text = thrownText(cause);
  if (!(cause instanceof SyntaxError)) return text;
  const place = placeOf(cause.stack ?? '') ?? parseAgain(last);
  return place === null ? `${text} (${shortPath(pathOf(last))})` : `${text} (${place})`;
}

/** The `file:line:column` of the excerpt, underlined with carets, that Node puts before a syntax error's message. */
function placeOf(report: string, file?: string): string | null {
  const excerpt = /^(.+):(\d+)\n(?:.*\n)*?( *)\^+\n/.exec(report);
  if (excerpt === null) return null;
  const [, where, line, indent] = excerpt;
  return `${shortPath(file ?? pathOf(where))}:${line}:${indent.length + 1}`;
}

/** Has Node parse a module's file by itself, since it keeps the place of an error in one to its own printing of it. */
function parseAgain(url: string): string | null {
  if (!url.startsWith('file:')) return null;
  const file = fileURLToPath(url);
  const { stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
    input: readFileSync(file),
    encoding: 'utf8',
  });
  return placeOf(stderr, file);
}

const pathOf = (where: string): string => (where.startsWith('file:') ? fileURLToPath(where) : where);
