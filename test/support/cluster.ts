import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { startRedis, type TestRedis } from './redis.ts';

export interface TestCluster {
  /** Of all nodes: `redis-cluster://…`. */
  readonly url: string;
  readonly ports: readonly number[];
  readonly client: Cluster;
  /** In the order of the ports. */
  readonly servers: readonly TestRedis[];
  stop(): Promise<void>;
}

/**
 * A Redis Cluster of so many primaries, with a client.
 * @param options of redis-server, as on its command line.
 */
export async function startCluster(count: number, ...options: string[]): Promise<TestCluster> {
  const free = await freePorts(2 * count);
  const ports = free.slice(0, count);
  const buses = free.slice(count);
  const servers = await Promise.all(
    ports.map((port, i) =>
      startRedis(
        ...['--port', `${port}`, '--bind', '127.0.0.1'],
        ...['--cluster-enabled', 'yes', '--cluster-port', `${buses[i]}`],
        ...options,
      ),
    ),
  );
  const clients = servers.map(({ socket }) => new Redis(socket));
  await Promise.all(
    clients.map(async (client, i) => {
      const [first, last] = [i, i + 1].map((k) => Math.floor((k * 16384) / count));
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last - 1);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    }),
  );
  for (let i = 1; i < count; i++) await clients[0].call('CLUSTER', 'MEET', '127.0.0.1', ports[i], buses[i]);
  for (const client of clients) while (!(await isWhole(client, count))) await sleep(50);
  for (const client of clients) client.disconnect();
  const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
  return {
    url: `redis-cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    ports,
    client,
    servers,
    async stop() {
      client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function isWhole(client: Redis, count: number): Promise<boolean> {
  const info = await client.cluster('INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
}

async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}
