import { readRedisServer } from '@qfleet/fleet';
import type { BenchRow } from '@qfleet/report';
import { openRedis, type Redis } from '../../fleet-redis.ts';
import { meter, plain } from './meter.ts';
import { CARTPOLE, type Load, makeReplay, premade, pushAll, type Simulated, setAll } from './simulated.ts';

const prefixOf = (name: string): string => `qfleet:{bench:${name}}:replay:`;

/** Opens in portions: a server accepts only so many connections at once. */
export async function connectMany(url: string, count: number): Promise<Redis[]> {
  const connections: Redis[] = [];
  while (connections.length < count) {
    const portion = Math.min(100, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: portion }, () => openRedis(url)))));
  }
  return connections;
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** As fast as simulated actors can push, beside plain SETs of the same bytes over the same connections. */
export async function benchPush(
  url: string,
  redis: Redis,
  load: Load,
  counts: readonly number[],
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const count of counts) {
    const connections = await connectMany(url, count);
    const actors = connections.map((connection, i) => ({
      redis: connection,
      portions: premade(load, `a${i}`, Math.ceil(load.chunks / count)),
    }));
    const transitions = actors.reduce(
      (sum, { portions }) => sum + portions.reduce((n, { length }) => n + length, 0) * load.chunkLength,
      0,
    );
    const prefix = prefixOf(`push-${count}`);
    // Once to warm up, then measured.
    await meter(redis, () => setAll(actors, prefix));
    const limit = await meter(redis, () => setAll(actors, prefix));
    await redis.flushall();
    await makeReplay(redis, prefix, load);
    const pushed = await meter(redis, () => pushAll(actors, prefix));
    for (const connection of connections) connection.disconnect();
    await redis.flushall();
    const name = `${load.name}, ${count} simulated`;
    const value = transitions / pushed.seconds;
    const referenceValue = transitions / limit.seconds;
    rows.push(
      {
        name: `${name}, push`,
        value,
        unit: 'transitions/s',
        reference: 'pipelined SET, same run',
        referenceValue,
        ratio: value / referenceValue,
      },
      plain(`${name}, Redis CPU`, pushed.redisSeconds / pushed.seconds, 'cores'),
      plain(`${name}, Redis CPU`, (pushed.redisSeconds / transitions) * 1e6, 'µs/transition'),
    );
  }
  return rows;
}

/** 2,000 connections that only stand there, and 200 that push ten times a second, for some seconds. */
export async function benchConnections(
  url: string,
  redis: Redis,
  idle = 2_000,
  pushing = 200,
): Promise<BenchRow[]> {
  const before = await readRedisServer(redis, '0');
  let errors = 0;
  const count = (connections: readonly Redis[]): void => {
    for (const connection of connections) {
      connection.on('error', () => errors++);
      connection.on('reconnecting', () => errors++);
    }
  };
  const idlers = await connectMany(url, idle);
  count(idlers);
  const withIdle = await readRedisServer(redis, '0');
  const pushers = await connectMany(url, pushing);
  count(pushers);
  const load = { ...CARTPOLE, chunksPerAppend: 1 };
  const actors: Simulated[] = pushers.map((connection, i) => ({
    redis: connection,
    portions: premade(load, `a${i}`, 50),
  }));
  const prefix = prefixOf('connections');
  await makeReplay(redis, prefix, load);
  let appends: number[] = [];
  const taken = await meter(redis, async () => {
    appends = await pushAll(actors, prefix, 100).catch(() => {
      errors++;
      return [];
    });
  });
  // Those that only stood there are still there.
  const alive = await Promise.all(idlers.map((connection) => connection.ping()));
  const now = await readRedisServer(redis, '0');
  for (const connection of [...idlers, ...pushers]) connection.disconnect();
  await redis.flushall();
  const name = `${idle} idle and ${pushing} pushing`;
  return [
    plain(`${name}: errors`, errors + alive.filter((reply) => reply !== 'PONG').length, 'errors'),
    plain(`${name}: connections`, now.clients, 'connections'),
    plain(`${name}: appends`, appends.length / taken.seconds, 'appends/s'),
    plain(`${name}: append, median`, percentile(appends, 0.5) * 1000, 'ms'),
    plain(`${name}: append, 99 %`, percentile(appends, 0.99) * 1000, 'ms'),
    plain(`${name}: Redis CPU`, taken.redisSeconds / taken.seconds, 'cores'),
    plain(
      'an idle connection, in Redis',
      (withIdle.usedMemoryBytes - before.usedMemoryBytes) / idle / 1024,
      'KiB',
    ),
  ];
}
