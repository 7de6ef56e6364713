import type { Redis } from 'ioredis';
import { FleetError } from '../../errors.ts';
import { isOldRedis, OLDEST_REDIS } from './version.ts';

/** Refuses a Redis that would lose or misread a fleet's state: one too old, or one that is set to evict keys.
 * Asks with INFO alone, which managed services and small ACLs allow where CONFIG is closed.
 * @param asCluster whether it is to be a node of a cluster, or a server that stands alone.
 * @throws FleetError with what is wrong and what to change
 * @throws what ioredis rejects with if the server can't be asked; see `explainRedisError` */
export async function checkRedis(client: Pick<Redis, 'info'>, asCluster = false): Promise<void> {
  const server = parseInfo(await client.info('server'));
  const version = server.get('redis_version');
  if (version === undefined) {
    throw new FleetError('The server answers INFO without a redis_version: it is no Redis or Valkey.');
  }
  if (isOldRedis(version)) {
    throw new FleetError(
      `This Redis is version ${version}: Qfleet needs ${OLDEST_REDIS} or newer; upgrade it.`,
    );
  }
  // `server_mode` is Valkey's name for it from version 8 on.
  const mode = server.get('redis_mode') ?? server.get('server_mode');
  const isNode = mode === 'cluster';
  if (isNode !== asCluster) {
    throw new FleetError(
      isNode
        ? 'This Redis is a node of a cluster: give its address as redis-cluster://host:port.'
        : 'This Redis is no node of a cluster: give its address as redis://host:port.',
    );
  }
  if (!asCluster && isReplica(parseInfo(await client.info('replication')))) {
    throw new FleetError('This Redis is a replica, which takes no writes: give the address of its primary.');
  }
  const memory = parseInfo(await client.info('memory'));
  const policy = memory.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction' && memory.get('maxmemory') !== '0') {
    throw new FleetError(
      `This Redis evicts keys when its memory is full (maxmemory-policy ${policy}), which would lose weights, ` +
        'leases and experience: set maxmemory-policy noeviction.',
    );
  }
}

/**
 * Whether a server is a replica, which takes no writes.
 * @param info of a server that stands alone; a cluster's primary is found by its slots.
 */
export const isReplica = (info: ReadonlyMap<string, string>): boolean => info.get('role') === 'slave';

/** The fields of an INFO reply. */
export function parseInfo(reply: string): Map<string, string> {
  const fields = reply.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(
    fields.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
}
