import { readRedisServer } from '@qfleet/fleet';
import type { BenchRow } from '@qfleet/report';
import type { Redis } from '../../fleet-redis.ts';

/** What a stretch of work took. */
export interface Taken {
  readonly seconds: number;
  /** CPU time of Redis. */
  readonly redisSeconds: number;
}

/** Runs `work` and measures it; `redis` should have nothing else to do meanwhile. */
export async function meter(redis: Redis, work: () => Promise<unknown>): Promise<Taken> {
  const before = await readRedisServer(redis, '0');
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const after = await readRedisServer(redis, '0');
  return { seconds, redisSeconds: after.cpuSeconds - before.cpuSeconds };
}

/** A row that is held against nothing. */
export const plain = (name: string, value: number, unit: string): BenchRow => ({
  name,
  value,
  unit,
  reference: null,
  referenceValue: null,
  ratio: null,
});
