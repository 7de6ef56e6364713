import type { BenchRow } from '@qfleet/report';
import { CommandError } from '../../errors.ts';
import { openRedis } from '../../fleet-redis.ts';
import { withRedis } from '../with-redis.ts';
import { costRows, measureCosts } from './costs.ts';
import { extrapolate } from './extrapolate.ts';
import { benchReal } from './real.ts';
import { CARTPOLE, FRAMES } from './simulated.ts';
import { benchConnections, benchPush } from './throughput.ts';

/**
 * What one Redis carries: simulated actors that push as fast as it takes, many connections, real fleets, what each thing
 * costs it, and what 1,000 actors would. About a minute and a half.
 */
export async function benchFleet(): Promise<readonly BenchRow[]> {
  const rows = await withRedis(async (url) => {
    const redis = await openRedis(url);
    try {
      const found: BenchRow[] = [];
      found.push(...(await benchPush(url, redis, CARTPOLE, [1, 2, 4, 8, 64, 200])));
      found.push(...(await benchPush(url, redis, FRAMES, [1, 4])));
      found.push(...(await benchConnections(url, redis)));
      for (const actors of [1, 2, 4]) found.push(...(await benchReal(url, redis, actors)));
      const costs = await measureCosts(url, redis);
      return [...found, ...costRows(costs), ...extrapolate(costs)];
    } finally {
      redis.disconnect();
    }
  });
  if (rows === null) throw new CommandError('A Redis is needed to measure: npm run setup brings one.');
  return rows;
}
