import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer, startLocalRedis } from '@qfleet/fleet';

/** Runs `measure` on a Redis that lives as long, keeps nothing, and has no other user. Null: there is no program. */
export async function withRedis<T>(measure: (url: string) => Promise<T>): Promise<T | null> {
  const program = await findRedisServer();
  if (program === undefined) return null;
  const dir = await mkdtemp(join(tmpdir(), 'qfleet-bench-'));
  try {
    const server = await startLocalRedis({ dir, program, persistence: 'none' });
    try {
      return await measure(server.url);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
