import type { RedisServerSnapshot } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { Cluster, type Redis } from 'ioredis';
import { FleetError, isClosed } from '../errors.ts';
import { isReplica, parseInfo } from './local/check.ts';

/**
 * What a client's servers say of themselves now. Nodes of a cluster whose connection ends are left out: they are asked
 * each for itself, and nobody else could answer.
 * @param name of the server; a cluster's nodes are `name/host:port`, in that order.
 * @throws FleetError where a failover made the server a replica, whose answers grow old; the client connects anew.
 */
export async function readRedisServers(redis: RedisClient, name: string): Promise<RedisServerSnapshot[]> {
  if (redis instanceof Cluster) {
    const nodes = await Promise.all(redis.nodes('master').map((node) => readNode(node, name)));
    return nodes.filter((node) => node !== null).sort((a, b) => (a.server < b.server ? -1 : 1));
  }
  const fields = parseInfo(await redis.info());
  if (isReplica(fields)) {
    redis.disconnect(true);
    throw new FleetError('This Redis is a replica now: its primary is looked for.');
  }
  return [snapshotOf(fields, name)];
}

/** Null: it is away. */
async function readNode(node: Redis, name: string): Promise<RedisServerSnapshot | null> {
  try {
    return await readRedisServer(node, `${name}/${node.options.host}:${node.options.port}`);
  } catch (error) {
    if (isClosed(error)) return null;
    throw error;
  }
}

/** What a server says of itself now. */
export async function readRedisServer(
  redis: Pick<Redis, 'info'>,
  server: string,
): Promise<RedisServerSnapshot> {
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
