import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@qfleet/random';
import type { TestRedis } from '../../support/redis.ts';
import type { FaultyFleet } from './fleet.ts';

const LONGEST_MS = 1_500;
/** What `appendfsync everysec` leaves to the operating system. */
const UNSYNCED_MS = 1_000;

/** A server's process dies, and is started again a while later. */
export async function outage(server: TestRedis, random: Random): Promise<void> {
  await server.kill();
  await sleep(random.integer(LONGEST_MS));
  await server.start();
}

/** The machine of a server that syncs every second dies: the append-only file ends where it was synced last. */
export async function machineOutage({ server, proxy, books }: FaultyFleet, random: Random): Promise<void> {
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
