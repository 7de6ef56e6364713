import { benchReplay } from '@qfleet/replay';
import type { BenchRow } from '@qfleet/report';
import { openRedis } from '../fleet-redis.ts';
import { withRedis } from './with-redis.ts';

/** The replay in memory, and on a Redis that is started for it where there is a server program. */
export async function benchReplayHere(): Promise<readonly BenchRow[]> {
  const rows = await withRedis(async (url) => {
    const redis = await openRedis(url);
    return benchReplay(redis).finally(() => redis.disconnect());
  });
  return rows ?? benchReplay(null);
}
