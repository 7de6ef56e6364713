import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@qfleet/random';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { TestRedis } from '../../support/redis.ts';
import { type FaultyFleet, within } from './fleet.ts';

const LONGEST_MS = 1_500;
/** What `appendfsync everysec` leaves to the operating system. */
const UNSYNCED_MS = 1_000;

/** A server's process dies, and is started again a while later. */
export async function outage(server: TestRedis, random: Random): Promise<void> {
  await server.kill();
  await sleep(random.integer(LONGEST_MS));
  await server.start();
}

/** It dies again as it starts. */
export async function doubleOutage(server: TestRedis, random: Random): Promise<void> {
  await server.kill();
  const starting = server.start().catch(() => undefined);
  await sleep(random.integer(50));
  await server.kill();
  await starting;
  await server.start();
}

/**
 * All that the server acknowledged is with its operating system, which outlives its process: while it syncs its file, a
 * server that does so every second holds back what it writes for up to two.
 */
export async function writtenOut(redis: Redis): Promise<void> {
  await expect.poll(() => redis.info('persistence'), within).toMatch(/aof_buffer_length:0\r/);
}

/** The machine of a server that syncs every second dies: the append-only file ends where it was synced last. */
export async function machineOutage(
  { server, proxy, books, redis }: FaultyFleet,
  random: Random,
): Promise<void> {
  await writtenOut(redis);
  const folder = join(server.folder, 'appendonlydir');
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof'))!);
  const { size: synced } = statSync(file);
  await sleep(random.integer(UNSYNCED_MS));
  await books.pause();
  proxy.partition();
  await server.kill();
  truncateSync(file, synced);
  await server.start();
  await books.writeOff();
  proxy.heal();
}
