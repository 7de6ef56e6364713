import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, fleetKeys, readRedisServers } from '@qfleet/fleet';
import { type Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startCluster, type TestCluster } from './support/cluster.ts';
import { qfleet, start, temporaryDirectory, until } from './support/qfleet.ts';

/** What `qfleet top --json` says, as far as these tests look. */
interface Fleet {
  readonly totals: { readonly transitionsPushed: number };
  readonly learners: readonly { readonly updates: number }[];
}

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(3, { redis: ['--appendonly', 'yes', '--appendfsync', 'always'] });
});
afterAll(() => cluster.stop());

/** All keys, each with the port of its node and its slot. */
async function keysOf(client: Cluster): Promise<{ key: string; port: number; slot: number }[]> {
  const found = await Promise.all(
    client.nodes('master').map(async (node) => {
      const keys = await node.keys('*');
      return Promise.all(
        keys.map(async (key) => ({
          key,
          port: node.options.port!,
          slot: Number(await node.cluster('KEYSLOT', key)),
        })),
      );
    }),
  );
  return found.flat();
}

/** As the nodes are called where the fleet is watched. */
const nodesAs = (name: string): string[] =>
  cluster.ports.map((port) => `${name}/127.0.0.1:${port}`).sort((a, b) => (a < b ? -1 : 1));

describe('a fleet on a Redis Cluster', { timeout: 180_000 }, () => {
  it('trains, with its replay spread over shards, and is watched and looked into', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const settings = {
      'stop.solvedReturn': null,
      'stop.maxUpdates': 10_000_000,
      'replay.sampling.kind': 'prioritized',
      'learner.checkpointEvery': 400,
      'evaluation.every': 400,
      'replay.shards': [cluster.url, cluster.url, cluster.url],
    };
    const sets = Object.entries(settings).flatMap(([path, value]) => [
      '--set',
      `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ]);
    const run = start([
      'train',
      'cartpole',
      '--redis',
      cluster.url,
      '--run-dir',
      directory,
      '--json',
      ...sets,
    ]);
    await until(run, () => /· evaluation \d/.test(run.output.stderr), 'it is evaluated');
    const watched = await qfleet(['top', '--redis', cluster.url, '--json']);
    expect(watched.code, watched.stderr).toBe(0);
    const fleet = JSON.parse(watched.stdout);
    expect(fleet.phase).toBe('running');
    expect(fleet.actors).toHaveLength(2);
    // The run's own state, and the one client that all shards share.
    const names = fleet.redisServers.map(({ server }: { server: string }) => server);
    expect(names).toEqual([...nodesAs('0'), ...nodesAs('1')]);

    run.child.kill('SIGINT');
    const { stdout } = await run.ended;
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ stopReason: 'interrupted', restarts: 0 });
    expect(summary.updates).toBeGreaterThan(400);

    const keys = await keysOf(cluster.client);
    const slotsOf = (part: string) =>
      new Set(
        keys.filter(({ key }) => key.startsWith(`qfleet:{${summary.run}:${part}}:`)).map(({ slot }) => slot),
      );
    for (const part of ['fleet', '0', '1', '2']) expect(slotsOf(part).size, part).toBe(1);
    expect(new Set(['fleet', '0', '1', '2'].flatMap((part) => [...slotsOf(part)])).size).toBe(4);
    expect(keys.filter(({ key }) => !key.startsWith(`qfleet:{${summary.run}:`))).toEqual([]);

    const inspected = await qfleet(['replay', 'inspect', cluster.url, '--json']);
    const { transitions } = JSON.parse(inspected.stdout);
    // All that the actors say they did, to the last step; the learner's last checkpoint may have come before that.
    const { totals } = fleetKeys(summary.run);
    const steps = Number(await cluster.client.hget(totals, 'environmentSteps'));
    expect(transitions.held).toBe(steps);
    expect(transitions.inserted).toBe(steps);
    expect(summary.envSteps).toBeLessThanOrEqual(steps);
  });

  it('goes on after the nodes of its state and its replay were away, and counts nothing twice', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const settings = ['stop.solvedReturn=null', 'stop.maxUpdates=10000000', 'learner.checkpointEvery=500'];
    const run = start([
      ...['train', 'cliffwalking', '--redis', cluster.url, '--run-dir', directory, '--json'],
      ...settings.flatMap((each) => ['--set', each]),
    ]);
    await until(run, () => /· [1-9][\d,.]*K? updates/.test(run.output.stderr), 'it trains');
    const id = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')).run as string;
    const watch = async (): Promise<Fleet> => {
      const watched = await qfleet(['top', '--redis', cluster.url, '--run', id, '--json']);
      const told = JSON.parse(watched.stdout);
      if (watched.code === 0) return told;
      // For a while after its start a node takes the cluster to be down.
      expect(told.error).toMatch(/^The Redis Cluster at \S+ is down \(CLUSTERDOWN\)/);
      return watch();
    };
    const keys = await keysOf(cluster.client);
    const holders = [`qfleet:{${id}:fleet}:run`, `qfleet:{${id}:0}:replay:meta`].map(
      (name) => keys.find(({ key }) => key === name)!.port,
    );
    for (const port of new Set(holders)) {
      const server = cluster.servers[cluster.ports.indexOf(port)];
      let before = await watch();
      while (before.learners.length === 0) before = await watch();
      await server.kill();
      await sleep(2_000);
      await server.start();
      const deadline = Date.now() + 60_000;
      const goesOn = ({ totals, learners }: Fleet) =>
        totals.transitionsPushed > before.totals.transitionsPushed + 1000 &&
        learners[0]?.updates > before.learners[0].updates;
      for (let now = before; !goesOn(now); now = await watch()) {
        expect(Date.now(), run.output.stderr).toBeLessThan(deadline);
      }
    }
    run.child.kill('SIGINT');
    const { stdout, stderr } = await run.ended;
    expect(JSON.parse(stdout), stderr).toMatchObject({ stopReason: 'interrupted', restarts: 0 });
    const { stdout: inspected } = await qfleet(['replay', 'inspect', cluster.url, '--run', id, '--json']);
    const { transitions } = JSON.parse(inspected);
    expect(transitions.held).toBe(transitions.inserted - transitions.evicted);
  });

  it('is looked at without the node that dies as it is asked', async () => {
    const redis = await connectRedis(cluster.url, { role: 'test' });
    onTestFinished(() => redis.disconnect());
    const [dying] = cluster.servers;
    dying.hang();
    const asked = readRedisServers(redis, '0');
    await dying.kill();
    const left = nodesAs('0').filter((name) => !name.endsWith(`:${cluster.ports[0]}`));
    expect((await asked).map(({ server }) => server)).toEqual(left);
    await dying.start();
    const all = async () => (await readRedisServers(redis, '0')).map(({ server }) => server);
    // A command looks for the node again.
    await expect.poll(() => redis.get('{06S}').then(all), { timeout: 30_000 }).toEqual(nodesAs('0'));
  });

  it('is said to be down where slots are missing', async () => {
    const small = await startCluster(1);
    try {
      const node = new Redis(small.servers[0].socket);
      await node.cluster('DELSLOTS', 0);
      node.disconnect();
      const watched = await qfleet(['top', '--redis', small.url]);
      expect(watched.code).toBe(1);
      expect(watched.stderr).toMatch(
        /^error: The Redis Cluster at \S+ is down \(CLUSTERDOWN\): start the nodes/,
      );
    } finally {
      await small.stop();
    }
  });

  it('is not mistaken for a server that stands alone, nor the other way round', async () => {
    const node = `redis://127.0.0.1:${cluster.ports[0]}`;
    const asServer = await qfleet(['top', '--redis', node]);
    expect(asServer.stderr).toMatch(/a node of a cluster: give its address as redis-cluster:\/\/host:port/);
    const gone = await qfleet(['train', 'cartpole', '--redis', 'redis-cluster://127.0.0.1:1,127.0.0.1:2']);
    expect(gone.stderr).toMatch(
      /No Redis answers at redis-cluster:\/\/127\.0\.0\.1:1,127\.0\.0\.1:2 \(ECONNREFUSED\)/,
    );
  });
});
