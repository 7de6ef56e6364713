import { setTimeout as sleep } from 'node:timers/promises';
import { RunDirectory } from '@qfleet/report';
import { CommandError, exitCodes } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { integer, print, printJson, shown } from '../terminal/output.ts';
import { trustOption } from '../trust.ts';

const POLL_MS = 100;

/** `qfleet stop`: ends a run as Ctrl-C does where it was started, and waits until it has ended. */
export async function stop(path: string, options: { json?: true }): Promise<number> {
  const directory = RunDirectory.open(path);
  const where = shown(directory.path);
  const session = RunDirectory.session(directory.path);
  if (session?.life === 'unknown') {
    throw new CommandError(
      `${where} is run by process ${session.pid} on ${session.host}, which can't be seen from here: end it there.`,
    );
  }
  const pid = session?.life === 'living' ? session.pid : null;
  if (pid !== null) {
    end(pid, where);
    const runs = (): boolean => {
      const now = RunDirectory.session(directory.path);
      return now?.pid === pid && now.life === 'living';
    };
    while (runs()) await sleep(POLL_MS);
  }
  const summary = directory.readSummary();
  if (options.json) {
    await printJson({ run: directory.run, runDirectory: directory.path, stopped: pid !== null, summary });
    return exitCodes.done;
  }
  const updates = summary === null ? '' : ` at update ${integer(summary.updates)}`;
  const again = suggest('resume', where, ...trustOption(directory));
  await print(`${where} ${pid === null ? 'does not run' : `ended${updates}`}. To go on with it: ${again}`);
  return exitCodes.done;
}

/** @throws CommandError where the process is another user's. */
function end(pid: number, where: string): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM')
      throw new CommandError(`${where} is run by process ${pid} of another user: end it as that one.`);
    // ESRCH: it has ended just now.
    if (code !== 'ESRCH') throw error;
  }
}
