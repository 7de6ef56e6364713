import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer, type LocalRedis, startLocalRedis } from '@qfleet/fleet';

/**
 * Runs `measure` on so many Redis servers that live as long, keep nothing, and have no other user. Null: there is no
 * program.
 */
export async function withServers<T>(
  count: number,
  measure: (urls: readonly string[]) => Promise<T>,
): Promise<T | null> {
  const program = await findRedisServer();
  if (program === undefined) return null;
  const servers: { readonly dir: string; readonly redis: LocalRedis }[] = [];
  try {
    while (servers.length < count) {
      const dir = await mkdtemp(join(tmpdir(), 'qfleet-bench-'));
      servers.push({ dir, redis: await startLocalRedis({ dir, program, persistence: 'none' }) });
    }
    return await measure(servers.map(({ redis }) => redis.url));
  } finally {
    for (const { dir, redis } of servers) {
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    }
  }
}

/** Runs `measure` on one Redis server, as `withServers` does on several. */
export const withRedis = <T>(measure: (url: string) => Promise<T>): Promise<T | null> =>
  withServers(1, ([url]) => measure(url));
