import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describeError, exitCodes } from '../errors.ts';
import { isApart, tellParent } from './channel.ts';

/** Milliseconds in which this process ends by itself, once its parent has ended. */
const ENDING_MS = 5_000;

/**
 * Readies this process, which runs apart, for a user's code. What the code does beside its calls ends the command with
 * one sentence, and a call that does not return is named.
 */
export async function prepareForUserCode(): Promise<void> {
  if (!isApart) return;
  const { containUserCode, watchUserCalls } = await import('@qfleet/env-host');
  const { endWithParent } = await import('@qfleet/watchdog');
  // Without its parent nobody is told of anything.
  endWithParent(() => process.exit(exitCodes.failed), ENDING_MS);
  containUserCode((error) => {
    const { exitCode, lines } = describeError(error, process.env['QFLEET_LOG_LEVEL'] === 'debug');
    for (const line of lines) writeSync(2, `error: ${line}\n`);
    if (process.argv.includes('--json')) tellParent({ document: JSON.stringify({ error: lines.join(' ') }) });
    tellParent({ exitCode });
    process.exit(exitCode);
  });
  watchUserCalls((sentence) => writeSync(2, `${sentence}\n`));
}

/** Ends this process, which runs apart, once all that it wrote is handed over: a user's timers do not hold it up. */
export async function leave(exitCode: number): Promise<never> {
  // Promises that were rejected meanwhile come up now.
  await setImmediate();
  tellParent({ exitCode });
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
  );
  process.exit(exitCode);
}
