import { setTimeout as sleep } from 'node:timers/promises';
import { replayPrefix } from '@qfleet/fleet';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { isLinked, startCluster, type TestCluster } from './support/cluster.ts';
import { type ChunkName, chunksOf, sumOf, TrainingFleet } from './support/fleet.ts';
import { freePort } from './support/free-port.ts';
import { startProxy } from './support/proxy.ts';
import { startRedis, type TestRedis } from './support/redis.ts';

const PRIMARIES = 3;
const within = { timeout: 60_000, interval: 50 };

/** A connection past all that clients of the fleet go through. */
function connectTo({ socket }: TestRedis): Redis {
  const redis = new Redis(socket);
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

const isPrimary = async (node: Redis): Promise<boolean> =>
  (await node.info('replication')).includes('role:master');

/** From now on replicas hear nothing of this primary. */
async function cutOff(primary: Redis): Promise<void> {
  await primary.call('ACL', 'SETUSER', 'default', '-psync', '-sync');
  await primary.call('CLIENT', 'KILL', 'TYPE', 'replica');
}

/** A primary and its replica; each may be the other later. */
class Pair {
  primary: TestRedis;
  replica: TestRedis;

  constructor(primary: TestRedis, replica: TestRedis) {
    this.primary = primary;
    this.replica = replica;
  }

  /** The replica takes over, and the other becomes its replica: nothing is lost. */
  async switchOver(): Promise<void> {
    const node = connectTo(this.replica);
    const ask = () => node.call('CLUSTER', 'FAILOVER').catch(() => undefined);
    await ask();
    // Redis gives up after five seconds, without a word.
    const asking = setInterval(ask, 6_000);
    await this.#promoted().finally(() => clearInterval(asking));
  }

  /**
   * The primary dies, as the fleet writes.
   * @returns what `look` saw in its last moment.
   */
  async kill<T>(look: (node: Redis) => Promise<T>): Promise<T> {
    const node = connectTo(this.primary);
    // What it acknowledges is what `look` sees.
    await node.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    const seen = await look(node);
    await this.primary.kill();
    await this.#promoted();
    return seen;
  }

  /** The one that died comes back. */
  async restart(): Promise<void> {
    await this.replica.start();
    const node = connectTo(this.replica);
    await expect.poll(() => isPrimary(node), within).toBe(false);
    await expect.poll(() => isLinked(node), within).toBe(true);
  }

  async #promoted(): Promise<void> {
    const node = connectTo(this.replica);
    await expect.poll(() => isPrimary(node), within).toBe(true);
    [this.primary, this.replica] = [this.replica, this.primary];
  }
}

/** A run whose own state and two replay shards lie on a primary each, and those with their replicas. */
async function placeRun({ servers }: TestCluster): Promise<{ run: string; pairs: Pair[] }> {
  const pairs = servers.slice(0, PRIMARIES).map((server, i) => new Pair(server, servers[PRIMARIES + i]));
  const node = connectTo(servers[0]);
  for (let n = 0; ; n++) {
    const run = `run-${n}`;
    const slots = await Promise.all(
      ['fleet', '0', '1'].map((part) => node.cluster('KEYSLOT', `qfleet:{${run}:${part}}:`)),
    );
    const places = slots.map((slot) => Math.floor((Number(slot) * PRIMARIES) / 16384));
    if (new Set(places).size === PRIMARIES) return { run, pairs: places.map((place) => pairs[place]) };
  }
}

it('a fleet goes on when replicas take over on a Redis Cluster', { timeout: 240_000 }, async () => {
  const cluster = await startCluster(PRIMARIES, {
    replicas: true,
    redis: ['--cluster-node-timeout', '5000'],
  });
  onTestFinished(() => cluster.stop());
  const { run, pairs } = await placeRun(cluster);
  const [state, first] = pairs;
  const fleet = await TrainingFleet.start(cluster.url, run, 2);
  const losses = (): number => fleet.log('learner-0').match(/Redis lost the run/g)?.length ?? 0;

  // As planned, while it trains: nothing is lost.
  for (const pair of pairs) {
    await pair.switchOver();
    await fleet.progress();
  }
  expect(losses()).toBe(0);

  // The primary of the run's own state dies, before its replica had its last moments.
  await cutOff(connectTo(state.primary));
  await fleet.progress(200);
  await state.kill(async () => undefined);
  await fleet.progress();
  expect(losses()).toBe(0);

  // That of a shard of the replay.
  await cutOff(connectTo(first.primary));
  await fleet.progress(200);
  const prefix = replayPrefix(run, 0);
  const before = await first.kill((node) => chunksOf(node, prefix));
  await fleet.progress();
  const after = await chunksOf(fleet.redis, prefix);
  const lost = new Map([...before].filter(([name]) => !after.has(name)));
  expect(sumOf(lost)).toBeGreaterThan(0);
  // The learner's view is of what is there now.
  await expect.poll(losses, within).toBe(1);

  for (const pair of [state, first]) await pair.restart();
  await fleet.progress();
  expect(losses()).toBe(1);
  expect(fleet.restarts).toBe(0);
  await fleet.stop(lost);
});

/** A server that stands alone, and can be the replica of another one. */
interface Standalone extends TestRedis {
  readonly port: number;
  readonly node: Redis;
}

async function startStandalone(...options: string[]): Promise<Standalone> {
  const port = await freePort();
  const server = await startRedis('--port', `${port}`, '--repl-diskless-sync-delay', '0', ...options);
  onTestFinished(() => server.stop());
  return { ...server, port, node: connectTo(server) };
}

async function replicate(primary: Standalone, replica: Standalone): Promise<void> {
  await replica.node.replicaof('127.0.0.1', primary.port);
  await expect.poll(() => isLinked(replica.node), within).toBe(true);
}

it('a fleet goes on when the address of its Redis leads to the replica', { timeout: 120_000 }, async () => {
  const [one, other] = [await startStandalone(), await startStandalone()];
  await replicate(one, other);
  const proxy = await startProxy(one.socket, '127.0.0.1');
  onTestFinished(() => proxy.close());
  const fleet = await TrainingFleet.start(`redis://${proxy.address}`, 'moving', 1);
  const losses = (): number => fleet.log('learner-0').match(/Redis lost the run/g)?.length ?? 0;

  // As planned: open connections lead to what is a replica then, and refuses writes.
  await one.node.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
  const offset = (info: string): string => /(?:master|slave)_repl_offset:(\d+)/.exec(info)![1];
  const end = Number(offset(await one.node.info('replication')));
  await expect
    .poll(async () => Number(offset(await other.node.info('replication'))), within)
    .toBeGreaterThanOrEqual(end);
  await other.node.replicaof('NO', 'ONE');
  proxy.target = other.socket;
  await replicate(other, one);
  await one.node.call('CLIENT', 'UNPAUSE');
  await fleet.progress();
  expect(losses()).toBe(0);

  const prefix = replayPrefix('moving', 0);
  /** The primary dies. Gives what its replica had not. */
  const kill = async (primary: Standalone, replica: Standalone): Promise<Map<ChunkName, number>> => {
    await primary.node.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    const before = await chunksOf(primary.node, prefix);
    await primary.kill();
    await replica.node.replicaof('NO', 'ONE');
    proxy.target = replica.socket;
    await fleet.progress();
    const after = await chunksOf(fleet.redis, prefix);
    return new Map([...before].filter(([name]) => !after.has(name)));
  };

  // It dies, and had told its replica nothing for a while.
  await cutOff(other.node);
  await fleet.progress();
  const lost = await kill(other, one);
  expect(sumOf(lost)).toBeGreaterThan(0);
  await expect.poll(losses, within).toBe(1);

  // One that takes no writes without a replica: the fleet waits, and only what was in flight may be lost.
  await other.start();
  await replicate(one, other);
  await one.node.config('SET', 'min-replicas-to-write', '1');
  await fleet.progress(200);
  const inserted = async ({ node }: Standalone): Promise<number> =>
    Number(await node.hget(`${prefix}meta`, 'inserted'));
  // A replica counts from when it has the first snapshot; what was written meanwhile may come a second later.
  const written = await inserted(one);
  await expect.poll(() => inserted(other), within).toBeGreaterThanOrEqual(written);
  await cutOff(one.node);
  await expect.poll(() => one.node.info('errorstats'), within).toContain('errorstat_NOREPLICAS');
  // One that has nothing to hand over at that time, for the ratio, has nothing to say.
  const said = () => ['actor-0', 'actor-1'].map((name) => fleet.log(name)).join('\n');
  await expect.poll(said, within).toMatch(/Experience waits: NOREPLICAS/);
  const refusing = await inserted(one);
  await sleep(500);
  expect(await inserted(one)).toBe(refusing);
  const underWay = await kill(one, other);
  expect(sumOf(underWay)).toBeLessThan(sumOf(lost));

  expect(fleet.restarts).toBe(0);
  await fleet.stop(new Map([...lost, ...underWay]));
});
