import type { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../../../test/support/cluster.ts';
import {
  type Capacity,
  ChunkError,
  encodeOpenChunk,
  type Layout,
  MemoryReplayStore,
  peekChunk,
  RedisReplayStore,
  type ReplayStore,
  type SealedChunk,
  ShardedReplayStore,
} from '../src/index.ts';
import { encode, LARGE, LAYOUT, makeChunk } from './support/episodes.ts';
import { startServers } from './support/servers.ts';

const cleanUps: (() => Promise<void>)[] = [];
let servers: readonly Redis[];
let cluster: Cluster;
let made = 0;

beforeAll(async () => {
  const [started, startedCluster] = await Promise.all([startServers(2), startCluster(3)]);
  servers = started.clients;
  cluster = startedCluster.client;
  cleanUps.push(started.stop, startedCluster.stop);
});
afterAll(async () => {
  await Promise.all(cleanUps.map((cleanUp) => cleanUp()));
});

const PLENTY = { transitions: 1000, bytes: 1e6 };
const newPrefix = () => `test:{${++made}}:`;
const create = (redis: Redis | Cluster, layout: Layout, capacity: Capacity) =>
  RedisReplayStore.create(redis, newPrefix(), layout, capacity);
const stores: Record<string, (layout: Layout, capacity: Capacity) => Promise<ReplayStore>> = {
  'in memory': async (layout, capacity) => new MemoryReplayStore(layout, capacity),
  'on Redis': (layout, capacity) => create(servers[0], layout, capacity),
  // Each shard has the whole capacity here: one slot's chunks, which go to one shard, meet it as on one server.
  'on two Redis servers': async (layout, capacity) =>
    new ShardedReplayStore(
      layout,
      await Promise.all(servers.map((redis) => create(redis, layout, capacity))),
    ),
  'on a Redis Cluster': async (layout, capacity) =>
    new ShardedReplayStore(layout, await Promise.all([1, 2, 3].map(() => create(cluster, layout, capacity)))),
};
const KINDS = Object.keys(stores).flatMap((kind) => [
  { kind, chunks: 'small chunks', layout: LAYOUT },
  { kind, chunks: 'large chunks', layout: LARGE },
]);
/** Stores whose chunks have one order whoever wrote them, and whose followers may begin anywhere. */
const ORDERED = KINDS.filter(({ kind }) => kind === 'in memory' || kind === 'on Redis');

const idsOf = async (store: ReplayStore) => (await store.follow(0, 1e9)).chunks.map(({ id }) => id);

describe.each(KINDS)('a replay store $kind of $chunks', ({ kind, layout }) => {
  const make = (capacity: Capacity) => stores[kind](layout, capacity);
  const chunk = (sequence: number, length = 4, writer = 'a') => encode({ sequence, length, writer }, layout);

  it('begins empty', async () => {
    const store = await make(PLENTY);
    const standing = await store.standing();
    expect(standing).toMatchObject({ oldest: 1, newest: 0, transitions: 0, bytes: 0 });
    expect(standing).toMatchObject({ insertedTotal: 0, evictedTotal: 0, sampledTotal: 0 });
    expect(standing.generation).not.toBe((await (await make(PLENTY)).standing()).generation);
    expect((await store.follow(0, 100)).chunks).toEqual([]);
    expect(await store.fetch([1])).toEqual([null]);
    expect(await store.fetch([])).toEqual([]);
    expect((await store.append([])).stored).toBe(0);
  });

  it('gives back what was appended, byte for byte and in order', async () => {
    const store = await make(PLENTY);
    const values = [chunk(0), chunk(1, 7), chunk(0, 2, 'b')];
    const reply = await store.append(values);
    expect(reply.stored).toBe(3);
    expect(reply.standing).toMatchObject({ oldest: 1, newest: 3, transitions: 13, insertedTotal: 13 });
    expect(reply.standing.bytes).toBe(values.reduce((sum, value) => sum + value.length, 0));
    const { chunks, standing } = await store.follow(0, 1e9);
    expect(standing).toEqual(reply.standing);
    expect(chunks.map(({ id }) => id)).toEqual([1, 2, 3]);
    const followed = chunks.map(({ bytes }) => Buffer.from(bytes));
    const of = (writer: string) => followed.filter((bytes) => peekChunk(bytes).writer === writer);
    expect(of('a')).toEqual([Buffer.from(values[0]), Buffer.from(values[1])]);
    expect(of('b')).toEqual([Buffer.from(values[2])]);
    const fetched = await store.fetch([3, 9, 1]);
    expect(fetched.map((value) => value && Buffer.from(value))).toEqual([followed[2], null, followed[0]]);
  });

  it('stores nothing twice', async () => {
    const store = await make(PLENTY);
    await store.append([chunk(0), chunk(1)]);
    const retry = await store.append([chunk(0), chunk(1)]);
    expect(retry.stored).toBe(0);
    expect(retry.standing).toMatchObject({ newest: 2, transitions: 8 });
    const partly = await store.append([chunk(1), chunk(2), chunk(2)]);
    expect(partly.stored).toBe(1);
    expect((await store.append([chunk(0, 4, 'another writer')])).stored).toBe(1);
    const { chunks } = await store.follow(0, 1e9);
    expect(chunks.map(({ bytes }) => peekChunk(bytes).sequence).sort()).toEqual([0, 0, 1, 2]);
  });

  it('remembers an evicted chunk as stored', async () => {
    const store = await make({ transitions: 4, bytes: 1e6 });
    await store.append([chunk(0), chunk(1), chunk(2)]);
    expect((await store.append([chunk(0)])).stored).toBe(0);
    expect(await idsOf(store)).toEqual([3]);
  });

  it('evicts the oldest beyond its transitions', async () => {
    const store = await make({ transitions: 10, bytes: 1e6 });
    const { standing } = await store.append([chunk(0, 4), chunk(1, 4), chunk(2, 1), chunk(3, 4)]);
    expect(standing).toMatchObject({
      oldest: 2,
      newest: 4,
      transitions: 9,
      insertedTotal: 13,
      evictedTotal: 4,
    });
    expect(await idsOf(store)).toEqual([2, 3, 4]);
    expect(await store.fetch([1])).toEqual([null]);
    const next = await store.append([chunk(4, 6)]);
    expect(next.standing).toMatchObject({ oldest: 4, newest: 5, transitions: 10, evictedTotal: 9 });
  });

  it('evicts the oldest beyond its bytes', async () => {
    const size = chunk(0).length;
    const store = await make({ transitions: 1000, bytes: 2 * size });
    const { standing } = await store.append([chunk(0), chunk(1), chunk(2)]);
    expect(standing).toMatchObject({ oldest: 2, newest: 3, bytes: 2 * size, transitions: 8 });
  });

  it('refuses a chunk larger than all of it, in transitions or in bytes', async () => {
    const size = chunk(0).length;
    for (const capacity of [
      { transitions: 3, bytes: 1e6 },
      { transitions: 1000, bytes: size - 1 },
    ]) {
      const store = await make(capacity);
      const sentence = `The chunk has 4 steps and ${size} bytes, more than all of this replay may hold`;
      await expect(store.append([chunk(0)])).rejects.toThrow(sentence);
      await expect(store.append([chunk(0)])).rejects.toThrow(ChunkError);
      expect(await idsOf(store)).toEqual([]);
    }
  });

  it('counts what was sampled', async () => {
    const store = await make(PLENTY);
    await store.recordSampled(64);
    expect((await store.recordSampled(32)).sampledTotal).toBe(96);
    expect((await store.standing()).sampledTotal).toBe(96);
  });

  it('refuses what is not a chunk of its layout, with all that came along', async () => {
    const store = await make(PLENTY);
    const cut = chunk(1).subarray(0, -1);
    const foreign = new Uint8Array(200);
    const short = new Uint8Array(3);
    const format = chunk(1);
    format[4] = 9;
    const another = encode({ length: 4 }, { ...layout, actions: 5 });
    const noSteps = chunk(1);
    noSteps.fill(0, 20, 24);
    const cases: [Uint8Array, RegExp][] = [
      [cut, /says it has \d+ bytes/],
      [foreign, /not a chunk/],
      [short, /chunk/],
      [format, /format 9/],
      [another, /another layout/],
      [noSteps, /impossible values/],
    ];
    // Its numbers would come to a learner unchecked.
    if (kind !== 'in memory')
      cases.push([encodeOpenChunk(makeChunk({ writer: 'a' }, layout), layout), /impossible values/]);
    for (const [bytes, message] of cases) {
      const appended = store.append([chunk(0), bytes as SealedChunk]);
      await expect(appended).rejects.toThrow(ChunkError);
      await expect(appended).rejects.toThrow(message);
    }
    expect((await store.standing()).newest).toBe(0);
    expect((await store.append([chunk(0)])).stored).toBe(1);
  });
});

describe.each(ORDERED)('a replay store $kind of $chunks, of one order,', ({ kind, layout }) => {
  const make = (capacity: Capacity) => stores[kind](layout, capacity);
  const chunk = (sequence: number, length = 4, writer = 'a') => encode({ sequence, length, writer }, layout);

  it('follows from an id on, in portions', async () => {
    const store = await make(PLENTY);
    await store.append([chunk(0), chunk(1), chunk(2), chunk(3)]);
    const size = chunk(0).length;
    const first = await store.follow(1, 2 * size);
    expect(first.chunks.map(({ id }) => id)).toEqual([2, 3]);
    expect((await store.follow(3, 1)).chunks.map(({ id }) => id)).toEqual([4]);
    expect((await store.follow(4, 1e9)).chunks).toEqual([]);
  });

  it('keeps its books over many appends from several writers', async () => {
    const store = await make({ transitions: 50, bytes: 1e6 });
    const model: number[] = [];
    let inserted = 0;
    for (let i = 0; i < 60; i++) {
      const lengths = [1 + (i % 7), 1 + ((i * 5) % 11)];
      const { standing } = await store.append(
        lengths.map((length, k) => chunk(2 * i + k, length, `w${i % 3}`)),
      );
      for (const length of lengths) {
        model.push(length);
        inserted += length;
      }
      let held = model.reduce((sum, length) => sum + length, 0);
      while (held > 50) held -= model.shift()!;
      expect(standing).toMatchObject({
        transitions: held,
        insertedTotal: inserted,
        evictedTotal: inserted - held,
        newest: 2 * i + 2,
        oldest: 2 * i + 3 - model.length,
      });
      expect((await idsOf(store)).length).toBe(model.length);
    }
  });
});
