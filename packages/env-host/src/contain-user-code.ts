import { isOwnFrame, running, thrownText, UserCodeError, userFrame } from '@qfleet/envs';

/** The exit code of Node where its main module waits for a promise that nothing can settle. */
const NEVER_SETTLED = 13;

/**
 * Reports what a user's code does to the process beside its calls: a throw in a timer, an unhandled rejection, a module
 * that waits for ever. `process.exit` throws where a user's code calls it; called by ours it ends the process, as
 * always.
 *
 * @param fail is told once, and must end the process before it returns: what is written later may be lost.
 */
export function containUserCode(fail: (error: unknown) => void): void {
  const exit = process.exit;
  let leaving = false;
  process.prependListener('exit', (code) => {
    const waited = !leaving && code === NEVER_SETTLED && running.call === 'load';
    leaving = true;
    if (waited) fail(userCodeError('its module waits for a promise that is never settled.'));
  });
  const guarded: typeof exit = (code) => {
    const attempt = new UserCodeError(`it called process.exit(${code ?? ''})`);
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    Error.captureStackTrace(attempt, guarded);
    Error.stackTraceLimit = stackTraceLimit;
    if (leaving || !isCalledByUser(attempt)) return exit.call(process, code);
    throw attempt;
  };
  process.exit = guarded;
  process.on('uncaughtException', (thrown, origin) => {
    // Rejections come as they are, below.
    if (origin === 'uncaughtException') fail(told('it threw outside of its calls: ', thrown));
  });
  process.on('unhandledRejection', (reason) => {
    fail(told('a promise was rejected and nobody handled it: ', reason));
  });
}

/** What the user's code threw, as an error that says so; an error of ours stays as it is. */
function told(what: string, thrown: unknown): unknown {
  const isUsers = running.environment !== '' && (userFrame(thrown) !== null || !(thrown instanceof Error));
  return isUsers ? userCodeError(`${what}${thrownText(thrown)}.`, thrown) : thrown;
}

const userCodeError = (what: string, cause?: unknown): UserCodeError =>
  new UserCodeError(`Environment ${running.environment}: ${what}`, { cause });

/** A package's exit counts as the user's where the user's code called it, or while a call of that code runs. */
function isCalledByUser(attempt: Error): boolean {
  const [, caller = ''] = (attempt.stack ?? '').split('\n');
  if (isOwnFrame(caller)) return false;
  const frame = userFrame(attempt);
  return frame !== null && (running.call !== null || !frame.includes('node_modules/'));
}
