import { setTimeout as sleep } from 'node:timers/promises';
import { loadRunConfig, type RunConfig } from '@qfleet/config';
import { createLogger, Heartbeats, RolloutLeases, readRedisServer, seedLeases } from '@qfleet/fleet';
import type { Redis } from '../connect.ts';
import { type BenchRow, benchRow } from '../row.ts';
import { meter } from './meter.ts';
import type { Servers } from './servers.ts';
import { CARTPOLE, FRAMES, type Load, makeReplay, premade, pushAll } from './simulated.ts';
import { connectMany } from './throughput.ts';
import { measureWeights, type WeightsCosts } from './weights-costs.ts';

/** CPU seconds of Redis for one of each; what a fleet of any size needs is a sum of these. */
export interface Costs {
  /** One actor's share of a second: heartbeat and leases. */
  readonly presence: number;
  /** A chunk appended: in itself, and for each byte. */
  readonly chunk: number;
  readonly chunkByte: number;
  /** A chunk read by the learner. */
  readonly read: number;
  readonly readByte: number;
  readonly weights: WeightsCosts;
  /** Bytes of Redis's memory for a connection. */
  readonly connectionBytes: number;
  /** By load: what a transition takes. */
  readonly memory: readonly TransitionMemory[];
}

interface TransitionMemory {
  readonly load: string;
  /** Bytes of Redis's memory. */
  readonly used: number;
  /** The bytes of `used` that are the chunks themselves. */
  readonly chunk: number;
}

const RUN = 'bench';
const ACTORS = 100;
const PRESENCE_SECONDS = 5;

/**
 * Measures what each thing that a fleet does costs Redis.
 * @param servers one.
 */
export async function measureCosts(servers: Servers, connectionBytes: number): Promise<Costs> {
  const small = await chunkCost(servers, CARTPOLE);
  const large = await chunkCost(servers, FRAMES);
  const perByte = (first: number, second: number): number =>
    Math.max(0, (second - first) / (large.bytes - small.bytes));
  const chunkByte = perByte(small.append, large.append);
  const readByte = perByte(small.read, large.read);
  return {
    presence: await presenceCost(servers),
    chunk: Math.max(0, small.append - chunkByte * small.bytes),
    chunkByte,
    read: Math.max(0, small.read - readByte * small.bytes),
    readByte,
    weights: await measureWeights(servers, ACTORS),
    connectionBytes,
    memory: [small.memory, large.memory],
  };
}

interface ChunkCost {
  readonly bytes: number;
  readonly append: number;
  readonly read: number;
  readonly memory: TransitionMemory;
}

/** CPU seconds of Redis for a chunk of this load, appended and read, and its memory. */
async function chunkCost({ clients, clear }: Servers, load: Load): Promise<ChunkCost> {
  const [redis] = clients;
  const store = await makeReplay(clients, load);
  const portions = premade(load, 'a', load.chunks);
  const empty = await readRedisServer(redis, '0');
  const appended = await meter(clients, () =>
    pushAll([{ connections: clients, writer: 'a', portions }], load, store),
  );
  const { bytes, newest, transitions } = await store.standing();
  const full = await readRedisServer(redis, '0');
  const read = await meter(clients, async () => {
    for (let after = 0; after < newest; ) {
      const { chunks } = await store.follow(after, 4 * 2 ** 20);
      after = chunks.at(-1)!.id;
    }
  });
  await clear();
  return {
    bytes: bytes / newest,
    append: appended.redisSeconds / newest,
    read: read.redisSeconds / newest,
    memory: {
      load: load.name,
      used: (full.usedMemoryBytes - empty.usedMemoryBytes) / transitions,
      chunk: bytes / transitions,
    },
  };
}

/** CPU seconds of Redis a second for one actor that is there: with its real heartbeats and leases. */
async function presenceCost({ urls, clients, clear }: Servers): Promise<number> {
  await seedLeases(clients[0], RUN, idleFleet());
  const connections = (await connectMany(urls, ACTORS)).flat();
  const actors = connections.map(idleActor);
  for (const { heartbeats, leases } of actors) {
    await heartbeats.start();
    leases.start();
  }
  // The taking of leases is done once, at the start.
  await sleep(1_500);
  const there = await meter(clients, () => sleep(PRESENCE_SECONDS * 1000));
  for (const { heartbeats, leases } of actors) {
    await leases.release();
    await heartbeats.stop();
  }
  for (const connection of connections) connection.disconnect();
  await clear();
  return there.redisSeconds / there.seconds / ACTORS;
}

/** Two slots an actor, which it takes together. */
const idleFleet = (): RunConfig['fleet'] => ({
  ...loadRunConfig({ preset: 'cartpole' }).fleet,
  slots: ACTORS * 2,
  slotsPerLease: 2,
  slotsPerActor: 2,
});

/** An actor that does nothing but be there. */
function idleActor(redis: Redis, place: number) {
  const id = `a${place}`;
  const log = createLogger('silent');
  const ignore = (): void => undefined;
  const heartbeats = new Heartbeats({
    redis,
    run: RUN,
    role: 'actor',
    id,
    name: null,
    measure: () => ({
      snapshot: {
        slots: 2,
        environmentSteps: place,
        episodes: 0,
        epsilon: 0.1,
        weightsVersion: 1,
        transitionsBuffered: 0,
      },
      totals: { environmentSteps: performance.now(), episodes: performance.now() },
    }),
    log,
  });
  const leases = new RolloutLeases({
    redis,
    run: RUN,
    fleet: idleFleet(),
    onTaken: ignore,
    episodesOf: () => 0,
    onLost: ignore,
    log,
  });
  return { heartbeats, leases };
}

const microseconds = (name: string, seconds: number, unit = 'µs'): BenchRow =>
  benchRow(name, seconds * 1e6, unit);

export const costRows = (costs: Costs): BenchRow[] => [
  microseconds('Redis CPU: an actor that is there (heartbeat, leases)', costs.presence, 'µs/s'),
  microseconds('Redis CPU: an actor that waits for weights', costs.weights.waiting, 'µs/s'),
  microseconds('Redis CPU: a version announced to an actor and read by it', costs.weights.version),
  microseconds('Redis CPU: a chunk appended', costs.chunk),
  microseconds('Redis CPU: a MiB of chunks appended', costs.chunkByte * 2 ** 20),
  microseconds('Redis CPU: a chunk read', costs.read),
  microseconds('Redis CPU: a MiB of chunks read', costs.readByte * 2 ** 20),
  microseconds('Redis CPU: a MiB of weights read', costs.weights.byte * 2 ** 20),
  benchRow('Redis memory: a connection', costs.connectionBytes / 1024, 'KiB'),
  ...costs.memory.map(
    ({ load, used, chunk }): BenchRow => ({
      name: `Redis memory: a transition, ${load}`,
      value: used,
      unit: 'bytes',
      reference: 'bytes of its chunk alone',
      referenceValue: chunk,
      ratio: chunk / used,
    }),
  ),
];
