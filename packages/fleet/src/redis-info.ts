import type { RedisServerSnapshot } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { Cluster, type Redis } from 'ioredis';
import { FleetError } from './errors.ts';
import { isReplica, parseInfo } from './local-redis/check.ts';
import { serversOf } from './servers-of.ts';

/**
 * What a client's servers say of themselves now.
 * @param name of the server; a cluster's are `name.0`, `name.1` …
 * @throws FleetError where a failover made the server a replica, whose answers grow old; the client connects anew.
 */
export async function readRedisServers(redis: RedisClient, name: string): Promise<RedisServerSnapshot[]> {
  const servers = serversOf(redis);
  return Promise.all(
    servers.map(async (server, i) => {
      const fields = parseInfo(await server.info());
      if (!(redis instanceof Cluster) && isReplica(fields)) {
        server.disconnect(true);
        throw new FleetError('This Redis is a replica now: its primary is looked for.');
      }
      return snapshotOf(fields, servers.length > 1 ? `${name}.${i}` : name);
    }),
  );
}

/** What a server says of itself now. */
export async function readRedisServer(
  redis: Pick<Redis, 'info'>,
  server: string,
): Promise<RedisServerSnapshot> {
  // All at once, for Redis 6 takes no list of sections.
  return snapshotOf(parseInfo(await redis.info()), server);
}

function snapshotOf(fields: ReadonlyMap<string, string>, server: string): RedisServerSnapshot {
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
