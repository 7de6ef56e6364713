import { Random } from '@qfleet/random';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ChunkError,
  createRedisReplay,
  decodeChunk,
  encodeChunk,
  FencedError,
  makeTransitionBatch,
  openRedisReplay,
  peekChunk,
  Replay,
  ReplayMissingError,
  type ReplayShard,
  replayFence,
  replayRefusals,
  type SealedChunk,
} from '../src/index.ts';
import { encode, LAYOUT } from './support/episodes.ts';
import { startServers } from './support/servers.ts';

const PLENTY = { transitions: 10_000, bytes: 1e7 };
const WRITERS = ['a', 'b', 'c', 'd', 'e', 'f'];
let clients: readonly Redis[];
let stop: () => Promise<void>;
let made = 0;

beforeAll(async () => {
  ({ clients, stop } = await startServers(3));
});
afterAll(() => stop());

const addresses = (name = `${++made}`) =>
  clients.map((redis, i) => ({ redis, prefix: `test:{${name}:${i}}:` }));
const nameOf = (bytes: Uint8Array) => {
  const { writer, sequence } = peekChunk(bytes);
  return `${writer} ${sequence}`;
};

describe('a replay over several Redis servers', () => {
  it('spreads the slots, and is followed whole, each chunk once and each slot in order', async () => {
    const shards = addresses();
    const store = await createRedisReplay(shards, LAYOUT, PLENTY);
    const seen: string[] = [];
    let after = 0;
    for (let sequence = 0; sequence < 20; sequence++) {
      await store.append(WRITERS.map((writer, slot) => encode({ writer, slot, sequence })));
      const { chunks, standing } = await store.follow(after, 1e6);
      expect(chunks.map(({ id }) => id)).toEqual(WRITERS.map((_, i) => after + 1 + i));
      seen.push(...chunks.map(({ bytes }) => nameOf(bytes)));
      after = chunks.at(-1)!.id;
      expect(standing).toMatchObject({ oldest: 1, newest: after, insertedTotal: 4 * after });
    }
    for (const writer of WRITERS) {
      const own = seen.filter((name) => name.startsWith(writer));
      expect(own).toEqual(Array.from({ length: 20 }, (_, sequence) => `${writer} ${sequence}`));
    }
    // As one actor of all slots holds them, or one of three.
    for (const [writer, stride] of [
      ['all', 1],
      ['third', 3],
    ] as const) {
      const newest = async () =>
        Promise.all(shards.map(({ redis, prefix }) => redis.hget(`${prefix}meta`, 'newest')));
      const before = await newest();
      await store.append(
        Array.from({ length: 9 }, (_, i) => encode({ writer, slot: i * stride, sequence: i })),
      );
      const spread = (await newest()).map((id, shard) => Number(id) - Number(before[shard]));
      expect(Math.min(...spread), `${spread}`).toBeGreaterThanOrEqual(2);
    }
    after += 18;
    const opened = await openRedisReplay(shards);
    expect(opened.layout).toEqual(LAYOUT);
    expect((await opened.store.standing()).newest).toBe(after);
  });

  it('balances its books while each shard evicts on its own', async () => {
    const store = await createRedisReplay(addresses(), LAYOUT, { transitions: 120, bytes: 1e7 });
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 120,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 3 },
    });
    let appended = 0;
    const batch = makeTransitionBatch(32, LAYOUT);
    for (let sequence = 0; sequence < 60; sequence++) {
      const length = 1 + (sequence % 5);
      const { standing } = await store.append(
        WRITERS.map((writer, slot) => encode({ writer, slot, sequence, length })),
      );
      appended += length * WRITERS.length;
      expect(standing.insertedTotal).toBe(appended);
      expect(standing.transitions + standing.evictedTotal).toBe(appended);
      expect(standing.transitions).toBeLessThanOrEqual(120);
      if (sequence % 4 === 0) await replay.sync();
      await replay.sample(batch, new Random(sequence));
    }
    await replay.sync();
    const { transitions } = await store.standing();
    // What one shard evicted before its turn in the follower's order is still there, until its turn comes.
    expect(replay.size).toBeGreaterThanOrEqual(transitions);
    expect(replay.size).toBeLessThanOrEqual(128);
  });

  it('knows who wrote to any shard, also what was evicted since', async () => {
    const store = await createRedisReplay(addresses(), LAYOUT, { transitions: 30, bytes: 1e7 });
    expect(await store.knownWriters([])).toEqual(new Set());
    for (let sequence = 0; sequence < 10; sequence++)
      await store.append(WRITERS.slice(0, 4).map((writer, slot) => encode({ writer, slot, sequence })));
    await store.append([encode({ writer: 'once', slot: 0, sequence: 0 })]);
    for (let sequence = 0; sequence < 20; sequence++)
      await store.append(
        [0, 1, 2, 3].map((slot) => encode({ writer: 'last', slot, sequence: 4 * sequence + slot })),
      );
    expect(await store.knownWriters([...WRITERS, 'once'])).toEqual(new Set(['a', 'b', 'c', 'd', 'once']));
  });

  it('stores a retry nowhere, whichever shards the first try had reached', async () => {
    const shards = addresses();
    const store = await createRedisReplay(shards, LAYOUT, PLENTY);
    const chunks = WRITERS.map((writer) => encode({ writer, sequence: 0 }));
    const { prefix, redis } = shards[1];
    await redis.rename(`${prefix}meta`, `${prefix}away`);
    await expect(store.append(chunks)).rejects.toThrow(ReplayMissingError);
    await redis.rename(`${prefix}away`, `${prefix}meta`);
    const retry = await store.append(chunks);
    expect(retry.stored).toBeLessThan(WRITERS.length);
    expect(retry.standing).toMatchObject({ newest: WRITERS.length, insertedTotal: 4 * WRITERS.length });
  });

  it('is begun anew by its follower when one server has lost its part', async () => {
    const shards = addresses();
    const fill = (store: ReplayShard, sequence: number) =>
      store.append(WRITERS.map((writer) => encode({ writer, sequence })));
    const store = await createRedisReplay(shards, LAYOUT, PLENTY);
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 10_000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    await fill(store, 0);
    expect(await replay.sync()).toBe(24);
    const kept = Number(await shards[0].redis.hget(`${shards[0].prefix}meta`, 'transitions'));
    await shards[0].redis.flushdb();
    await expect(replay.sync()).rejects.toThrow(ReplayMissingError);
    await createRedisReplay(shards, LAYOUT, PLENTY);
    await replay.sync();
    expect(replay.size).toBe(24 - kept);
    expect(replay.counts.losses).toBe(1);
    await fill(store, 1);
    expect(await replay.sync()).toBe(24);
  });

  it('is begun anew by its follower when one server has lost its last moments, and others went on', async () => {
    const shards = addresses();
    const fill = (store: ReplayShard, sequences: readonly number[]) =>
      store.append(sequences.flatMap((sequence) => WRITERS.map((writer) => encode({ writer, sequence }))));
    const store = await createRedisReplay(shards, LAYOUT, PLENTY);
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 10_000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    await fill(store, [0]);
    await replay.sync();
    const [{ redis, prefix }] = shards;
    const keys = await redis.keys(`${prefix}*`);
    const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    await fill(store, [1]);
    await replay.sync();
    // In all there are more chunks than were followed, on this server fewer.
    await fill(store, [2, 3, 4]);
    await redis.flushdb();
    await Promise.all(keys.map((key, i) => redis.restore(key, 0, values[i])));
    expect((await store.standing()).newest).toBeGreaterThan(2 * WRITERS.length);
    await replay.sync();
    expect(replay.counts.losses).toBe(1);
    expect(replay.size).toBe((await store.standing()).transitions);
  });

  it.each([0, 1, 2])('counts what was sampled once, where server %i fails at first', async (failing) => {
    const at = addresses();
    const store = await createRedisReplay(at, LAYOUT, PLENTY);
    const { prefix, redis } = at[failing];
    const meta = await redis.dumpBuffer(`${prefix}meta`);
    await redis.del(`${prefix}meta`);
    await expect(store.recordSampled(64, 1)).rejects.toThrow(ReplayMissingError);
    await redis.restore(`${prefix}meta`, 0, meta!);
    expect((await store.recordSampled(64, 1)).sampledTotal).toBe(64);
  });

  it('counts what it turns away, by what was wrong with it, and stores nothing that came along', async () => {
    const shards = addresses();
    const store = await createRedisReplay(shards, LAYOUT, { transitions: 30, bytes: 1e6 });
    const whole = encode({ writer: 'w', slot: 1, sequence: 0 });
    const old = whole.slice() as SealedChunk;
    old[4] = 0;
    const impossible = whole.slice() as SealedChunk;
    impossible[28] = 9;
    const bad: Record<string, SealedChunk> = {
      corrupt: whole.subarray(1) as SealedChunk,
      format: old,
      layout: encodeChunk(decodeChunk(whole, LAYOUT), { ...LAYOUT, actions: LAYOUT.actions + 1 }),
      size: encode({ writer: 'w', sequence: 0, length: 11 }),
    };
    for (const bytes of [...Object.values(bad), impossible])
      await expect(store.append([bytes, bytes])).rejects.toThrow(ChunkError);
    for (const bytes of [bad['corrupt'], bad['format'], bad['layout'], impossible])
      await expect(store.append([whole, bytes])).rejects.toThrow(ChunkError);
    expect((await store.standing()).newest).toBe(0);
    const other = { ...LAYOUT, actions: LAYOUT.actions + 1 };
    await expect(createRedisReplay(shards, other, PLENTY)).rejects.toThrow(/start a new run/);
    const counts = { corrupt: 4, format: 2, layout: 2, size: 1, process: 1 };
    expect(await replayRefusals(shards)).toEqual(counts);
  });

  it('keeps priorities where their chunks are, fenced on every server', async () => {
    const shards = addresses();
    const options = {
      layout: LAYOUT,
      capacity: 10_000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
      prioritized: { alpha: 0.6, epsilon: 1e-6 },
    };
    const follow = async (fence: number) => {
      const store = await createRedisReplay(shards, LAYOUT, PLENTY);
      const replay = new Replay(store, { ...options, saving: { store, fence } });
      await replay.sync();
      return { store, replay };
    };
    const { store, replay: first } = await follow(1);
    await store.append(WRITERS.map((writer) => encode({ writer, sequence: 0 })));
    await first.sync();
    const batch = makeTransitionBatch(64, LAYOUT);
    await first.sample(batch, new Random(1));
    first.updatePriorities(
      batch.handles,
      Float32Array.from(batch.handles, (leaf) => 1 + leaf),
    );
    await first.savePriorities();
    const weights = async (replay: Replay) => {
      await replay.sample(batch, new Random(2), { beta: 1 });
      return [...batch.weights];
    };
    const { replay: second } = await follow(2);
    expect(await weights(second)).toEqual(await weights(first));
    // Each server knows the second one's token from its first sync on.
    expect(await replayFence(shards)).toBe(2);
    for (const { redis, prefix } of shards) expect(await redis.hget(`${prefix}meta`, 'fence')).toBe('2');
    await expect(first.savePriorities()).rejects.toThrow(FencedError);
    await expect(first.sync()).rejects.toThrow(FencedError);
  });
});
