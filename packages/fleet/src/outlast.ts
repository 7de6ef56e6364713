import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';

/**
 * Does `task`, again and again while Redis is at its maxmemory and refuses to write: whoever runs it may give it more,
 * and until then nothing is lost. Another failure is thrown, and so is this one once `signal` is aborted.
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
      if (!isFull(error) || signal.aborted) throw error;
      if (tries === 1)
        log.warn('Redis is at its maxmemory and refuses writes: give it more, training waits.');
      await sleep(backoff(tries));
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
