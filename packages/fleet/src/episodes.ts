import { returnBucket } from '@qfleet/metrics';
import type { Redis } from 'ioredis';
import { fleetKeys } from './keys.ts';

/** A finished training episode. */
export interface EpisodeReport {
  readonly slot: number;
  /** Undiscounted sum of its rewards. */
  readonly return: number;
  /** Steps. */
  readonly length: number;
  readonly epsilon: number;
  readonly weightsVersion: number;
}

/** Reports kept; each holds the episodes that an actor finished between two appends. */
const KEPT_REPORTS = 1_000;
const FIRST = '0-0';

/** Adds finished episodes to the run's stream and to the histogram of returns. One round trip, one transaction. */
export async function reportEpisodes(
  redis: Redis,
  run: string,
  episodes: readonly EpisodeReport[],
): Promise<void> {
  if (episodes.length === 0) return;
  const keys = fleetKeys(run);
  const buckets = new Map<number, number>();
  let sum = 0;
  for (const { return: value } of episodes) {
    const bucket = returnBucket(value);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    sum += value;
  }
  const transaction = redis.multi();
  transaction.xadd(keys.episodes, 'MAXLEN', '~', KEPT_REPORTS, '*', 'episodes', JSON.stringify(episodes));
  for (const [bucket, count] of buckets) transaction.hincrby(keys.returns, String(bucket), count);
  transaction.hincrbyfloat(keys.returns, 'sum', sum);
  await transaction.exec();
}

/**
 * Episodes reported after `after` (a position that an earlier call gave), oldest first; without it, all that are kept.
 */
export async function readEpisodes(
  redis: Redis,
  run: string,
  after: string = FIRST,
): Promise<{ readonly episodes: EpisodeReport[]; readonly position: string }> {
  const entries = await redis.xrange(fleetKeys(run).episodes, `(${after}`, '+');
  return { episodes: entries.flatMap(parse), position: entries.at(-1)?.[0] ?? after };
}

/** The newest `count` episodes at most, oldest first. */
export async function lastEpisodes(redis: Redis, run: string, count: number): Promise<EpisodeReport[]> {
  const entries = await redis.xrevrange(fleetKeys(run).episodes, '+', '-', 'COUNT', count);
  return entries.reverse().flatMap(parse).slice(-count);
}

const parse = ([, fields]: [string, string[]]): EpisodeReport[] => JSON.parse(fields[1]) as EpisodeReport[];
