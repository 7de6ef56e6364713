import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../backoff.ts';
import type { Logger } from '../logger.ts';

/** The part of the sentence for a Redis that is kept busy by a script which does not end. */
const BUSY_REASON =
  'is kept busy by a script that does not end: as its admin, call SCRIPT KILL (or FUNCTION KILL), and SHUTDOWN NOSAVE ' +
  'only where that is refused';

/** Why Redis may refuse to work for a while: its own word or the replay's, with what it means. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^OOM |at its maxmemory/, 'is at its maxmemory and refuses writes: give it more'],
  [
    /^NOREPLICAS /,
    'refuses writes, for fewer replicas than its min-replicas-to-write keep up with it: bring them back',
  ],
  [/^MISCONF /, 'refuses writes, for it cannot write to its disk: its log says why, give it room there'],
  // Single commands are sent again by the client itself; a transaction is not.
  [/^READONLY /, 'is a replica now and takes no writes: its primary is looked for'],
  [/^BUSY /, BUSY_REASON],
];

/**
 * Does `task`, and does it again while Redis refuses it for a reason that its administrator may mend; until then
 * nothing is lost. What was done of `task` before it was refused is done again.
 * @throws what else `task` throws, and the signal's reason once it is aborted.
 */
export async function outlastRefusedWrites<T>(
  task: () => Promise<T>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const result = await task();
      if (tries > 1) log.info('Redis works again.');
      return result;
    } catch (error) {
      const reason = refusalOf(error);
      if (reason === undefined) throw error;
      signal.throwIfAborted();
      if (tries === 1) log.warn(`Redis ${reason}, until then this waits.`);
      await sleep(backoff(tries), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Also of what ioredis says of a transaction whose commands were refused. */
function refusalOf(error: unknown): string | undefined {
  const { message = '', previousErrors = [] } = error as Partial<Error> & {
    previousErrors?: readonly Error[];
  };
  const messages = [message, ...previousErrors.map((each) => each.message)];
  return REFUSALS.find(([pattern]) => messages.some((text) => pattern.test(text)))?.[1];
}
