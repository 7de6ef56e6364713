import { join } from 'node:path';
import type { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from './support/cluster.ts';
import { qfleet, start, temporaryDirectory, until } from './support/qfleet.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(3);
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
    expect(names).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);

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
    expect(transitions.held).toBe(summary.envSteps);
    expect(transitions.inserted).toBe(summary.envSteps);
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
