import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { startRedis } from '../../../../test/support/redis.ts';

/** Redis servers that know nothing of each other, with a client each. */
export async function startServers(count: number): Promise<{ clients: Redis[]; stop(): Promise<void> }> {
  const servers = await Promise.all(Array.from({ length: count }, () => startRedis()));
  const clients = servers.map(({ socket }) => new Redis(socket));
  return {
    clients,
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** A Redis Cluster of so many primaries, with a client. */
export async function startCluster(count: number): Promise<{ client: Cluster; stop(): Promise<void> }> {
  const ports = await freePorts(2 * count);
  const nodes = ports.slice(0, count).map((port, i) => ({ port, bus: ports[count + i] }));
  const servers = await Promise.all(
    nodes.map(({ port, bus }) =>
      startRedis(
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        `${bus}`,
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
  for (const { port, bus } of nodes.slice(1))
    await clients[0].call('CLUSTER', 'MEET', '127.0.0.1', port, bus);
  for (const client of clients) while (!(await isWhole(client, count))) await sleep(50);
  for (const client of clients) client.disconnect();
  const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
  return {
    client,
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
