import type { RedisServerSnapshot } from '@qfleet/metrics';
import type { Redis } from 'ioredis';
import { parseInfo } from './local-redis/check.ts';

/** What the server says of itself now. */
export async function readRedisServer(redis: Redis, server: string): Promise<RedisServerSnapshot> {
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
