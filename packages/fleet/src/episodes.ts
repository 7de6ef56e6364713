import { returnBucket } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
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

// KEYS: episodes, returns, counted. ARGV: report, reports kept, episodes, sum of returns, then bucket and count of each.
const REPORT = `
if tonumber(redis.call('HGET', KEYS[3], 'episodeReports') or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[3], 'episodeReports', ARGV[1])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'episodes', ARGV[3])
for i = 5, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HINCRBYFLOAT', KEYS[2], 'sum', ARGV[4])
return 1`;

/**
 * Adds finished episodes to the run's stream and to the histogram of returns, in one round trip, whole or not at all.
 *
 * @param actor the process's id.
 * @param report rising from 1: one that comes again, for its reply was lost, counts once.
 */
export async function reportEpisodes(
  redis: RedisClient,
  run: string,
  actor: string,
  report: number,
  episodes: readonly EpisodeReport[],
): Promise<void> {
  const keys = fleetKeys(run);
  const buckets = new Map<number, number>();
  let sum = 0;
  for (const { return: value } of episodes) {
    const bucket = returnBucket(value);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    sum += value;
  }
  await redis.eval(
    REPORT,
    3,
    keys.episodes,
    keys.returns,
    keys.counted(`actor:${actor}`),
    report,
    KEPT_REPORTS,
    JSON.stringify(episodes),
    sum,
    ...[...buckets].flat(),
  );
}

/**
 * Episodes reported after `after` (a position that an earlier call gave), oldest first; without it, all that are kept.
 */
export async function readEpisodes(
  redis: RedisClient,
  run: string,
  after: string = FIRST,
): Promise<{ readonly episodes: EpisodeReport[]; readonly position: string }> {
  const entries = await redis.xrange(fleetKeys(run).episodes, `(${after}`, '+');
  return { episodes: entries.flatMap(parse), position: entries.at(-1)?.[0] ?? after };
}

/** The newest `count` episodes at most, oldest first. */
export async function lastEpisodes(redis: RedisClient, run: string, count: number): Promise<EpisodeReport[]> {
  const entries = await redis.xrevrange(fleetKeys(run).episodes, '+', '-', 'COUNT', count);
  return entries.reverse().flatMap(parse).slice(-count);
}

const parse = ([, fields]: [string, string[]]): EpisodeReport[] => JSON.parse(fields[1]) as EpisodeReport[];
