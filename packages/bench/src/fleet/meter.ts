import { readRedisServer } from '@qfleet/fleet';
import type { Redis } from '../connect.ts';
import { benchRow } from '../row.ts';

/** What a stretch of work took. */
export interface Taken {
  readonly seconds: number;
  /** CPU time of all Redis servers together. */
  readonly redisSeconds: number;
  /** CPU time of the one that worked most. */
  readonly busiestSeconds: number;
}

const cpuOf = (servers: readonly Redis[]): Promise<number[]> =>
  Promise.all(servers.map(async (redis) => (await readRedisServer(redis, '0')).cpuSeconds));

/** Runs `work` and measures it; the servers should have nothing else to do meanwhile. */
export async function meter(servers: readonly Redis[], work: () => Promise<unknown>): Promise<Taken> {
  const before = await cpuOf(servers);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const grown = (await cpuOf(servers)).map((after, i) => after - before[i]);
  return {
    seconds,
    redisSeconds: grown.reduce((sum, each) => sum + each, 0),
    busiestSeconds: Math.max(...grown),
  };
}

/** How many cores Redis used: all servers together, and the busiest of several. */
export function redisCpu(name: string, { seconds, redisSeconds, busiestSeconds }: Taken, servers: number) {
  const rows = [benchRow(`${name}, Redis CPU`, redisSeconds / seconds, 'cores')];
  if (servers > 1) rows.push(benchRow(`${name}, busiest Redis`, busiestSeconds / seconds, 'cores'));
  return rows;
}

/** How the rows of a measurement on so many shards are named. */
export const onShards = (shards: number): string => (shards === 1 ? '' : `${shards} shards, `);
