import type { RedisServerSnapshot } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import type { Redis } from 'ioredis';
import { parseInfo } from './local-redis/check.ts';
import { serversOf } from './servers-of.ts';

/** What a client's servers say of themselves now. @param name of the server; a cluster's are `name.0`, `name.1` … */
export async function readRedisServers(redis: RedisClient, name: string): Promise<RedisServerSnapshot[]> {
  const servers = serversOf(redis);
  return Promise.all(
    servers.map((server, i) => readRedisServer(server, servers.length > 1 ? `${name}.${i}` : name)),
  );
}

/** What a server says of itself now. */
export async function readRedisServer(
  redis: Pick<Redis, 'info'>,
  server: string,
): Promise<RedisServerSnapshot> {
  // All at once, for Redis 6 takes no list of sections.
  const fields = parseInfo(await redis.info());
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  return {
    server,
    startedAt: Date.now() - number('uptime_in_seconds') * 1000,
    usedMemoryBytes: number('used_memory'),
    residentBytes: number('used_memory_rss'),
    maxMemoryBytes: number('maxmemory'),
    clients: number('connected_clients'),
    commands: number('total_commands_processed'),
    cpuSeconds: number('used_cpu_user') + number('used_cpu_sys'),
    inputBytes: number('total_net_input_bytes'),
    outputBytes: number('total_net_output_bytes'),
  };
}
