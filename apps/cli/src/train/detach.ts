import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunDirectory } from '@qfleet/report';
import { CommandError, exitCodes } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { trustOption } from '../trust.ts';

const POLL_MS = 50;

/**
 * Trains a run that was made just now in a process of its own, which outlives this command and its terminal.
 *
 * @param redis the fleet's Redis; null: one of the run's own, or none.
 * @throws CommandError where it did not come up, with what it said last.
 */
export async function trainDetached(
  directory: RunDirectory,
  redis: string | null,
  json: boolean,
): Promise<number> {
  const logs = join(directory.path, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = join(logs, 'train.log');
  const file = openSync(log, 'a');
  const options = [...(redis === null ? [] : ['--redis', redis]), ...trustOption(directory)];
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1], 'resume', directory.path, ...options],
    { detached: true, stdio: ['ignore', file, file] },
  );
  closeSync(file);
  const ended = once(child, 'exit');
  while (RunDirectory.session(directory.path)?.pid !== child.pid) {
    const early = await Promise.race([ended, sleep(POLL_MS, null)]);
    if (early !== null)
      throw new CommandError(lastLineOf(log) ?? `The run did not start; see ${shown(log)}.`);
  }
  child.unref();
  const path = shown(directory.path);
  await (json
    ? printJson({ run: directory.run, runDirectory: directory.path, pid: child.pid })
    : print(
        [
          `Training in the background, as process ${child.pid}. Run directory: ${path}`,
          `What it says: ${shown(log)}`,
          `To watch it: ${suggest('top', path)}`,
          `To end it: ${suggest('stop', path)}`,
        ].join('\n'),
      ));
  return exitCodes.done;
}

function lastLineOf(log: string): string | undefined {
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  return line?.replace(/^error: /, '') || undefined;
}
