import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import type { Certificates } from './certificates.ts';
import { startRedis, type TestRedis } from './redis.ts';

export interface TestCluster {
  /** The URL of all nodes: `redis-cluster://…`, or `rediss-cluster://…`. */
  readonly url: string;
  readonly ports: readonly number[];
  readonly client: Cluster;
  /** In the order of the ports: the primaries, then the replica of each. */
  readonly servers: readonly TestRedis[];
  stop(): Promise<void>;
}

export interface TestClusterOptions {
  /** Whether each primary has a replica. */
  readonly replicas?: boolean;
  /** Nodes speak TLS alone, to clients and to each other, and call themselves `localhost`. */
  readonly tls?: Certificates;
  /** Who may set the cluster up, where the default user may not. */
  readonly admin?: { readonly username: string; readonly password: string };
  /** Arguments of redis-server, as on its command line. */
  readonly redis?: readonly string[];
}

/** A Redis Cluster of so many primaries, with a client. */
export async function startCluster(count: number, options: TestClusterOptions = {}): Promise<TestCluster> {
  const { replicas = false, tls, admin, redis = [] } = options;
  const total = replicas ? 2 * count : count;
  const free = await freePorts(2 * total);
  const ports = free.slice(0, total);
  const buses = free.slice(total);
  const servers = await Promise.all(
    ports.map((port, i) =>
      startRedis(
        ...(tls ? tlsOptions(port, tls) : ['--port', `${port}`]),
        ...['--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--cluster-port', `${buses[i]}`],
        ...['--repl-diskless-sync-delay', '0'],
        ...redis,
      ),
    ),
  );
  const nodes = servers.map(({ socket }) => new Redis(socket, { ...admin }));
  await Promise.all(
    nodes.map(async (node, i) => {
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (i >= count) return;
      const [first, last] = [i, i + 1].map((k) => Math.floor((k * 16384) / count));
      await node.call('CLUSTER', 'ADDSLOTSRANGE', first, last - 1);
    }),
  );
  for (let i = 1; i < total; i++) await nodes[0].call('CLUSTER', 'MEET', '127.0.0.1', ports[i], buses[i]);
  for (const node of nodes) while (!(await isWhole(node, total))) await sleep(50);
  for (let i = count; i < total; i++) {
    await nodes[i].call('CLUSTER', 'REPLICATE', String(await nodes[i - count].call('CLUSTER', 'MYID')));
  }
  for (const node of nodes) {
    while (!(await knowsReplicas(node, total - count)) || !(await isLinked(node))) await sleep(50);
  }
  for (const node of nodes) node.disconnect();
  const host = tls ? 'localhost' : '127.0.0.1';
  const client = new Cluster(
    ports.map((port) => ({ host, port })),
    tls && {
      dnsLookup: (address, callback) => callback(null, address),
      redisOptions: { ...admin, tls: { ca: readFileSync(tls.ca) } },
    },
  );
  client.on('error', () => undefined);
  return {
    url: `${tls ? 'rediss' : 'redis'}-cluster://${ports.map((port) => `${host}:${port}`).join(',')}`,
    ports,
    client,
    servers,
    async stop() {
      client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Certificates are of names, so that is what the nodes tell each other and their clients. */
const tlsOptions = (port: number, { ca, cert, key }: Certificates): string[] => [
  ...[
    '--tls-port',
    `${port}`,
    '--tls-cluster',
    'yes',
    '--tls-replication',
    'yes',
    '--tls-auth-clients',
    'no',
  ],
  ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca],
  ...['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
];

async function isWhole(node: Redis, count: number): Promise<boolean> {
  const info = await node.cluster('INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
}

async function knowsReplicas(node: Redis, count: number): Promise<boolean> {
  const nodes = (await node.cluster('NODES')) as string;
  return nodes.split('\n').filter((line) => / (myself,)?slave /.test(line)).length === count;
}

/** Whether it is a primary, or a replica that has all of its primary. */
export async function isLinked(node: Redis): Promise<boolean> {
  const info = await node.info('replication');
  return info.includes('role:master') || info.includes('master_link_status:up');
}

async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}
