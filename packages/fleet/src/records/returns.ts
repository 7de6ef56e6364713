import { returnBounds } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { admitCount } from './admit.ts';
import { readFields } from './read.ts';

/** All training episodes that were reported to this Redis. */
export interface CountedReturns {
  /** Episodes in each bucket of `returnBounds` alone. */
  readonly counts: readonly number[];
  /** Sum of all returns. */
  readonly sum: number;
}

/** Redis writes sums of fractions with all of their digits. */
const MOST_BYTES = 512;
/** The buckets' fields. */
export const BUCKETS = Array.from({ length: returnBounds.length + 1 }, (_, bucket) => String(bucket));
const NONE: CountedReturns = { counts: BUCKETS.map(() => 0), sum: 0 };

/**
 * Reads the histogram of returns.
 * @param last the reading before: what is refused now is as it was then.
 */
export async function readReturns(
  redis: RedisClient,
  run: string,
  last: CountedReturns = NONE,
): Promise<CountedReturns> {
  const names = ['sum', ...BUCKETS];
  const texts = await readFields(redis, 'returns', fleetKeys(run).returns, names, MOST_BYTES);
  return {
    counts: BUCKETS.map(
      (bucket, i) => admitCount('returns', `bucket ${bucket}`, texts[bucket]) ?? last.counts[i],
    ),
    sum: admitCount('returns', 'sum', texts['sum'], -Number.MAX_VALUE, Number.MAX_VALUE) ?? last.sum,
  };
}

/**
 * Training episodes that the run had finished before they were counted in this Redis, which may have lost its counts:
 * what was told first stands.
 * @param known what a Redis that knows none is told.
 */
export async function episodesBefore(redis: RedisClient, run: string, known: number): Promise<number> {
  const { returns } = fleetKeys(run);
  const { before } = await readFields(redis, 'returns', returns, ['before'], MOST_BYTES);
  if (before !== null) return admitCount('returns', 'before', before) ?? known;
  await redis.hsetnx(returns, 'before', known);
  return known;
}
