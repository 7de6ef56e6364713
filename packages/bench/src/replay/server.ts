import type { Redis } from 'ioredis';
import type { Cost } from './figures.ts';

export const PLENTY = { transitions: 1e9, bytes: 1e12 };

/** A prefix that nothing lies under. */
export const newPrefix = (): string => `qfleet:{bench:${crypto.randomUUID()}}:replay:`;

/** One number of Redis's INFO. */
export async function infoOf(redis: Redis, section: string, name: string): Promise<number> {
  const info = await redis.info(section);
  return Number(info.match(new RegExp(`^${name}:(.*)$`, 'm'))?.[1]);
}

/** Adds the server's CPU time. */
export async function withServer(redis: Redis, run: () => Promise<Cost>): Promise<Cost> {
  const before = await serverCpu(redis);
  const cost = await run();
  return { ...cost, cpuMilliseconds: cost.cpuMilliseconds + (await serverCpu(redis)) - before };
}

async function serverCpu(redis: Redis): Promise<number> {
  const user = await infoOf(redis, 'cpu', 'used_cpu_user');
  return (user + (await infoOf(redis, 'cpu', 'used_cpu_sys'))) * 1000;
}
