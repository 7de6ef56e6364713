import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';

/**
 * Does `task`, again and again while Redis is at its maxmemory and refuses to write: whoever runs it may give it more,
 * and until then nothing is lost. What was done of `task` before it was refused is done again.
 * @throws what else `task` throws, and the signal's reason once it is aborted.
 */
export async function outlastFullMemory<T>(
  task: () => Promise<T>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const result = await task();
      if (tries > 1) log.info('Redis takes writes again.');
      return result;
    } catch (error) {
      if (!isFull(error)) throw error;
      signal.throwIfAborted();
      if (tries === 1)
        log.warn('Redis is at its maxmemory and refuses writes: give it more, until then this waits.');
      await sleep(backoff(tries), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Redis' own word, that of the replay, and what ioredis says of a transaction whose commands were refused. */
function isFull(error: unknown): boolean {
  const { message = '', previousErrors = [] } = error as Partial<Error> & {
    previousErrors?: readonly Error[];
  };
  return [message, ...previousErrors.map((each) => each.message)].some((text) =>
    /^OOM |at its maxmemory/.test(text),
  );
}
