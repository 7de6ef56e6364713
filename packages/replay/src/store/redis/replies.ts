import { ChunkError } from '../../chunk/validate.ts';
import { FencedError } from '../priority-store.ts';
import type { ReplayStanding } from '../store.ts';

/** There is no replay under this prefix: not made yet, or lost with a Redis that keeps nothing. */
export class ReplayMissingError extends Error {
  override name = 'ReplayMissingError';
}

/** Fields of the meta. */
export const STANDING = [
  'generation',
  'oldest',
  'newest',
  'transitions',
  'bytes',
  'inserted',
  'evicted',
  'sampled',
];

/** The standing whose values are in the order of `STANDING`. @throws ReplayMissingError where one is not there or no count. */
export function parseStanding(values: readonly (string | null)[], prefix: string): ReplayStanding {
  const [generation] = values;
  const counts = values.slice(1).map((value) => (value === null ? Number.NaN : Number(value)));
  if (!generation || counts.some((count) => !Number.isSafeInteger(count) || count < 0)) throw missing(prefix);
  const [oldest, newest, transitions, bytes, insertedTotal, evictedTotal, sampledTotal] = counts;
  return { generation, oldest, newest, transitions, bytes, insertedTotal, evictedTotal, sampledTotal };
}

export function missing(prefix: string): ReplayMissingError {
  return new ReplayMissingError(
    `There is no replay ${prefix} on this Redis: it is made by the run's learner, so start that, or check the run id.`,
  );
}

/** The scripts' own errors, and Redis's, as what they mean. @param capacityBytes of the replay. */
export function explain(error: unknown, prefix: string, capacityBytes: number): never {
  const messages = errorMessages(error);
  for (const message of messages) {
    if (message.startsWith('NOREPLAY')) throw missing(prefix);
    if (message.startsWith('FENCED'))
      throw new FencedError(
        `What a learner wrote to the replay ${prefix} was refused: another learner took over.`,
      );
    if (message.startsWith('BADCHUNK ')) throw new ChunkError(message.slice('BADCHUNK '.length));
    if (message.startsWith('OOM '))
      throw new Error(
        `Redis is at its maxmemory, so the replay ${prefix} can't take more: give Redis more, or the ` +
          `replay a smaller capacity than its ${capacityBytes} bytes.`,
      );
  }
  // ioredis attaches the commands to its errors: megabytes of chunks that have no place in a log.
  if (error instanceof Error && messages.length > 0) throw new Error(messages.join(' '));
  throw error;
}

/** The messages of an error of ioredis, and of those that caused it (a transaction's commands). */
function errorMessages(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] };
  return [...previousErrors, error].map(({ message }) => message);
}
