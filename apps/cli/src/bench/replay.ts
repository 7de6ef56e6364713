import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer, startLocalRedis } from '@qfleet/fleet';
import { benchReplay } from '@qfleet/replay';
import type { BenchRow } from '@qfleet/report';
import { openRedis } from '../fleet-redis.ts';

/** The replay in memory, and on a Redis that is started for it where there is a server program. */
export async function benchReplayHere(): Promise<readonly BenchRow[]> {
  const program = await findRedisServer();
  if (program === undefined) return benchReplay(null);
  const dir = await mkdtemp(join(tmpdir(), 'qfleet-bench-'));
  try {
    const server = await startLocalRedis({ dir, program, persistence: 'none' });
    try {
      const redis = await openRedis(server.url);
      return await benchReplay(redis).finally(() => redis.disconnect());
    } finally {
      await server.stop();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
