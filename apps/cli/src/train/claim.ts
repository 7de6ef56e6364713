import { type Lock, LockedError, RunDirectory } from '@qfleet/report';
import { CommandError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { shown } from '../terminal/output.ts';

/**
 * Claims a run's directory for this command before anything is changed or started there: only one of two commands goes
 * on.
 *
 * @throws CommandError where another command runs the run.
 */
export async function claimRun(path: string): Promise<Lock> {
  try {
    return await RunDirectory.claim(path, { onWait: (sentence) => process.stderr.write(`${sentence}\n`) });
  } catch (error) {
    if (error instanceof LockedError) throw runsNow(path, error.holder);
    throw error;
  }
}

/**
 * The error for a run that another command runs now.
 * @param holder as `process 123`, where it is known.
 */
export function runsNow(path: string, holder?: string): CommandError {
  const where = shown(path);
  const by = holder === undefined ? '' : ` (${holder})`;
  return new CommandError(
    `${where} runs now${by}. To watch it: ${suggest('top', where)}, to end it: ${suggest('stop', where)}`,
  );
}
