import { readRedisServer } from '@qfleet/fleet';
import { openRedis, type Redis } from '../connect.ts';
import { type BenchRow, benchRow } from '../row.ts';
import { meter, onShards, redisCpu } from './meter.ts';
import type { Servers } from './servers.ts';
import { CARTPOLE, type Load, makeReplay, premade, pushAll, setAll } from './simulated.ts';

/** Actors that connect at once: a server accepts only so many. */
const PORTION = 50;

/** The connections of so many actors, one to each server. Opened in portions. */
export async function connectMany(urls: readonly string[], actors: number): Promise<Redis[][]> {
  const connections: Redis[][] = [];
  while (connections.length < actors) {
    const portion = Math.min(PORTION, actors - connections.length);
    const opened = Array.from({ length: portion }, () => Promise.all(urls.map((url) => openRedis(url))));
    connections.push(...(await Promise.all(opened)));
  }
  return connections;
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Simulated actors that push as fast as they can, beside plain SETs of the same bytes over the same connections. */
export async function benchPush(
  { urls, clients, clear }: Servers,
  load: Load,
  counts: readonly number[],
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const count of counts) {
    const actors = (await connectMany(urls, count)).map((connections, i) => ({
      connections,
      writer: `a${i}`,
      portions: premade(load, `a${i}`, Math.ceil(load.chunks / count)),
    }));
    const transitions = actors.reduce(
      (sum, { portions }) => sum + portions.reduce((n, { length }) => n + length, 0) * load.chunkLength,
      0,
    );
    // Once to warm up, then measured.
    await setAll(actors);
    const limit = await meter(clients, () => setAll(actors));
    await clear();
    const store = await makeReplay(clients, load);
    const pushed = await meter(clients, () => pushAll(actors, load, store));
    for (const { connections } of actors) for (const connection of connections) connection.disconnect();
    await clear();
    const name = `${onShards(urls.length)}${load.name}, ${count} simulated`;
    const rate = transitions / pushed.seconds;
    const most = transitions / limit.seconds;
    rows.push(
      benchRow(`${name}, push`, rate, 'transitions/s', 'pipelined SET, same run', most),
      ...redisCpu(name, pushed, urls.length),
      benchRow(`${name}, Redis CPU`, (pushed.redisSeconds / transitions) * 1e6, 'µs/transition'),
    );
  }
  return rows;
}

/** What many connections came to. */
export interface Connections {
  readonly rows: readonly BenchRow[];
  /** Bytes of Redis's memory for one that is idle. */
  readonly connectionBytes: number;
}

/**
 * Idle connections, spread over the servers, and actors that push ten times a second for some seconds, each with a
 * connection to every server.
 */
export async function benchConnections(
  { urls, clients, clear }: Servers,
  idle = 2_000,
  pushing = 200,
): Promise<Connections> {
  const memory = async (): Promise<number> =>
    (await Promise.all(clients.map((redis) => readRedisServer(redis, '0')))).reduce(
      (sum, { usedMemoryBytes }) => sum + usedMemoryBytes,
      0,
    );
  const before = await memory();
  let errors = 0;
  const watched = (connections: readonly Redis[]): readonly Redis[] => {
    for (const connection of connections) {
      connection.on('error', () => errors++);
      connection.on('reconnecting', () => errors++);
    }
    return connections;
  };
  const idlers = watched((await connectMany(urls, Math.ceil(idle / urls.length))).flat());
  const connectionBytes = ((await memory()) - before) / idlers.length;
  const load = { ...CARTPOLE, slots: 1 };
  const actors = (await connectMany(urls, pushing)).map((connections, i) => ({
    connections: watched(connections),
    writer: `a${i}`,
    portions: premade(load, `a${i}`, 50),
  }));
  const store = await makeReplay(clients, load);
  let appends: number[] = [];
  const taken = await meter(clients, async () => {
    appends = await pushAll(actors, load, store, 100).catch(() => {
      errors++;
      return [];
    });
  });
  // Those that only stood there are still there.
  const alive = await Promise.all(idlers.map((connection) => connection.ping()));
  const open = await Promise.all(clients.map((redis) => readRedisServer(redis, '0')));
  for (const connection of [...idlers, ...actors.flatMap(({ connections }) => connections)]) {
    connection.disconnect();
  }
  await clear();
  const name = `${onShards(urls.length)}${idle} idle connections and ${pushing} pushing actors`;
  const rows = [
    benchRow(`${name}: errors`, errors + alive.filter((reply) => reply !== 'PONG').length, 'errors'),
    benchRow(
      `${name}: connections`,
      open.reduce((sum, { clients: count }) => sum + count, 0),
      'connections',
    ),
    benchRow(`${name}: appends`, appends.length / taken.seconds, 'appends/s'),
    benchRow(`${name}: append, median`, percentile(appends, 0.5) * 1000, 'ms'),
    benchRow(`${name}: append, 99 %`, percentile(appends, 0.99) * 1000, 'ms'),
    ...redisCpu(name, taken, urls.length),
  ];
  return { rows, connectionBytes };
}
