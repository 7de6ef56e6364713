import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import {
  FencedError,
  openReplayInbox,
  peekChunk,
  RedisReplayStore,
  Replay,
  ReplayMissingError,
  replayRefusals,
} from '../src/index.ts';
import { encode, LARGE, LAYOUT } from './support/episodes.ts';

const PLENTY = { transitions: 1000, bytes: 1e6 };
const SIZES = [
  { size: 'small', layout: LAYOUT },
  { size: 'large', layout: LARGE },
];
/** What the chunks of `encode` carry. */
const WRITER = peekChunk(encode()).writer;
const MOST = Number.MAX_SAFE_INTEGER;
const bySequence = (a: Uint8Array, b: Uint8Array): number => peekChunk(a).sequence - peekChunk(b).sequence;

let server: TestRedis;
let redis: Redis;
let made = 0;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.socket);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function open(layout = LAYOUT, capacity = PLENTY) {
  const prefix = `test:{${++made}}:`;
  const store = await RedisReplayStore.create(redis, prefix, layout, capacity);
  const inbox = await openReplayInbox([{ redis, prefix }], layout, WRITER);
  const contents = async () =>
    (await store.follow(0, 1e9)).chunks.map(({ bytes }) => {
      const { writer, sequence } = peekChunk(bytes);
      return [writer === WRITER ? 'own' : 'other', sequence];
    });
  return { prefix, store, inbox, contents };
}

/** The number of an inbox's last push, as the server has it. */
async function markOf(prefix: string): Promise<{ key: string; value: string }> {
  const [key] = await redis.keys(`${prefix}mark:*`);
  return { key, value: (await redis.get(key))! };
}

describe('an inbox', () => {
  it.each(SIZES)('hands $size chunks in, which the learner takes in, in their order', async ({ layout }) => {
    const { prefix, store, inbox, contents } = await open(layout);
    const chunks = [0, 1, 2].map((sequence) => encode({ sequence }, layout));
    const first = await inbox.handIn(chunks);
    expect(first).toMatchObject({ admitted: [], again: 0, dropped: [], taken: 0 });
    expect(first.standing.newest).toBe(0);
    expect(await contents()).toEqual([]);

    expect(await store.admit(1)).toBe(0);
    const second = await inbox.handIn([]);
    expect(second.admitted).toEqual(chunks);
    expect(second.standing).toMatchObject({ newest: 3, insertedTotal: 12 });
    expect(await contents()).toEqual([
      ['own', 0],
      ['own', 1],
      ['own', 2],
    ]);
    // Nothing is left behind.
    expect((await redis.keys(`${prefix}*`)).filter((key) => /inbox/.test(key))).toEqual([]);
  });

  it.each(SIZES)(
    'that is handed $size chunks again, for its reply was lost, stores them once',
    async ({ layout }) => {
      const { prefix, store, inbox, contents } = await open(layout);
      const chunks = [0, 1].map((sequence) => encode({ sequence }, layout));
      await inbox.handIn(chunks);
      // As the same process does it that never heard of it.
      const twin = await openReplayInbox([{ redis, prefix }], layout, WRITER);
      await twin.handIn(chunks);
      await store.admit(1);
      expect((await inbox.handIn([])).admitted).toEqual(chunks);
      expect(await contents()).toEqual([
        ['own', 0],
        ['own', 1],
      ]);
      expect((await redis.keys(`${prefix}*`)).filter((key) => /inbox/.test(key))).toEqual([]);
    },
  );

  it.each(SIZES)(
    'notices that another writes $size chunks under its name, and stores each of its own once',
    async ({ layout }) => {
      const { prefix, store, inbox, contents } = await open(layout);
      const chunk = (sequence: number) => encode({ sequence }, layout);
      const chunks = [0, 1, 2, 3, 4, 5].map(chunk);
      await inbox.handIn(chunks.slice(0, 2));
      await store.admit(1);
      expect((await inbox.handIn(chunks.slice(2, 4))).admitted).toEqual(chunks.slice(0, 2));
      const enemy = await openReplayInbox([{ redis, prefix }], layout, WRITER);
      await enemy.handIn([chunk(MOST)]);
      // 2 and 3 came before the forged one, 4 comes after it.
      await inbox.handIn(chunks.slice(4, 5));
      await store.admit(1);
      const noticed = await inbox.handIn(chunks.slice(5));
      expect(noticed).toMatchObject({ admitted: chunks.slice(2, 4), taken: 1, dropped: [] });
      expect(noticed.again).toBe(2);
      expect(inbox.pending).toEqual(chunks.slice(4));
      await inbox.handIn([]);
      await store.admit(1);
      expect((await inbox.handIn([])).admitted).toEqual(chunks.slice(4));
      expect(await contents()).toEqual([
        ['own', 0],
        ['own', 1],
        ['own', 2],
        ['own', 3],
        ['own', MOST],
        ['other', 4],
        ['other', 5],
      ]);
      // Under its new name, all is whole: checksums are right.
      const replay = new Replay(store, {
        layout,
        capacity: 1000,
        discount: 1,
        unit: { kind: 'transition', nSteps: 1 },
      });
      await replay.sync();
      expect(replay.counts.refusedChunks).toBe(0);
      expect(replay.size).toBe(28);
    },
  );

  it('hands in again what Redis lost, before what is newer', async () => {
    const { prefix, store, inbox, contents } = await open();
    const chunks = [0, 1, 2, 3, 4].map((sequence) => encode({ sequence }));
    const others = await openReplayInbox([{ redis, prefix }], LAYOUT, 'another');
    await inbox.handIn(chunks.slice(0, 1));
    // What lies there now is all that is left later.
    const [kept, mark] = await Promise.all([redis.dumpBuffer(`${prefix}inbox`), markOf(prefix)]);
    await inbox.handIn(chunks.slice(1, 3));
    await redis.restore(`${prefix}inbox`, 0, kept!, 'REPLACE');
    await redis.set(mark.key, mark.value);
    // The inbox is not empty, and no call of this writer has failed.
    await others.handIn([encode({ sequence: 0, writer: 'another' })]);
    const noticed = await inbox.handIn(chunks.slice(3, 4));
    expect(noticed).toMatchObject({ again: 2, admitted: [], taken: 0 });
    expect(noticed.entered).toEqual(chunks.slice(1, 4));
    await inbox.handIn(chunks.slice(4));
    await store.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks);
    expect(await contents()).toEqual([
      ['own', 0],
      ['other', 0],
      ['own', 1],
      ['own', 2],
      ['own', 3],
      ['own', 4],
    ]);
  });

  it('stores nothing twice where the mark of what it pushed is lost', async () => {
    const { prefix, store, inbox, contents } = await open();
    const chunks = [0, 1, 2, 3].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 2));
    for (const value of [null, 'text', '9e99', '-1']) {
      const { key } = await markOf(prefix);
      if (value === null) await redis.del(key);
      else await redis.set(key, value);
      await inbox.handIn([]);
    }
    await inbox.handIn(chunks.slice(2));
    await store.admit(1);
    await inbox.handIn([]);
    expect(inbox.pending).toEqual([]);
    expect((await contents()).map(([, sequence]) => sequence)).toEqual([0, 1, 2, 3]);
  });

  it('pushes what comes late, after its push was made again, to no effect', async () => {
    const { prefix, store, inbox, contents } = await open();
    const chunks = [0, 1, 2].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 1));
    const mark = await markOf(prefix);
    await inbox.handIn(chunks.slice(1, 2));
    await inbox.handIn(chunks.slice(2));
    // As a server does it that goes on after a pause: the second push comes in on a connection that was given up.
    await redis.rpush(`${prefix}inbox`, Buffer.from(chunks[1]));
    expect(Number((await markOf(prefix)).value)).toBe(Number(mark.value) + 2);
    await store.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks);
    expect((await contents()).map(([, sequence]) => sequence)).toEqual([0, 1, 2]);
  });

  it('takes its own push, sent twice by the connection and admitted between, for its own', async () => {
    const { prefix, store, inbox, contents } = await open();
    const chunks = [0, 1, 2].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 1));
    const mark = await markOf(prefix);
    // The push that comes next has been here: its reply was lost with the connection.
    await redis.rpush(`${prefix}inbox`, Buffer.from(chunks[1]));
    await redis.set(mark.key, Number(mark.value) + 1);
    await store.admit(1);
    const { admitted, taken, again } = await inbox.handIn(chunks.slice(1, 2));
    expect([admitted, taken, again]).toEqual([chunks.slice(0, 2), 0, 0]);
    await inbox.handIn(chunks.slice(2));
    await store.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks.slice(2));
    expect((await contents()).map(([, sequence]) => sequence)).toEqual([0, 1, 2]);
  });

  it('gives up what the replay does not want', async () => {
    const { store, inbox } = await open();
    const bad = encode({ sequence: 2 });
    // Open chunks are of one process.
    bad[31] = 2;
    await inbox.handIn([bad]);
    for (let tries = 1; tries < 5; tries++) {
      await store.admit(1);
      expect(await inbox.handIn([])).toMatchObject({ again: 1, dropped: [] });
      expect(inbox.pending).toEqual([bad]);
      expect((await inbox.handIn([])).entered).toEqual([bad]);
    }
    await store.admit(1);
    expect((await inbox.handIn([])).dropped).toEqual([bad]);
    expect(inbox.pending).toEqual([]);
  });

  it('hands in what came into no replay before what is new, once there is one again', async () => {
    const { prefix, inbox, contents } = await open();
    const chunks = [0, 1, 2, 3].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 2));
    const { key } = await markOf(prefix);
    await redis.del(`${prefix}inbox`, `${prefix}meta`, key);
    await expect(inbox.handIn(chunks.slice(2))).rejects.toThrow(ReplayMissingError);
    await redis.del(`${prefix}inbox`, key);
    const again = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    await inbox.handIn([]);
    await again.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks);
    expect((await contents()).map(([, sequence]) => sequence)).toEqual([0, 1, 2, 3]);
  });

  it('tells what came in also where the next calls fail', async () => {
    const { store, inbox, contents } = await open();
    const chunks = [0, 1, 2, 3, 4].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 2));
    await store.admit(1);
    await redis.config('SET', 'maxmemory', '1');
    await expect(inbox.handIn(chunks.slice(2))).rejects.toThrow(/at its maxmemory/);
    for (let tries = 0; tries < 2; tries++)
      await expect(inbox.handIn([])).rejects.toThrow(/at its maxmemory/);
    expect(inbox.pending).toEqual(chunks.slice(2));
    await redis.config('SET', 'maxmemory', '0');
    expect(await inbox.handIn([])).toMatchObject({
      admitted: chunks.slice(0, 2),
      entered: chunks.slice(2),
      again: 0,
    });
    await store.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks.slice(2));
    expect((await contents()).map(([, sequence]) => sequence)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes in what is fit, and counts what is not, each for itself', async () => {
    const { prefix, store, inbox } = await open(LAYOUT, { ...PLENTY, transitions: 20 });
    const list = `${prefix}inbox`;
    const entry = (change: (bytes: Uint8Array) => void, sequence = 9): Buffer => {
      const bytes = encode({ sequence, writer: 'x' });
      change(bytes);
      return Buffer.from(bytes);
    };
    const float = (at: number, value: number) => (bytes: Uint8Array) =>
      new DataView(bytes.buffer, bytes.byteOffset).setFloat64(at, value, true);
    await redis.set(`${list}:hash`, 'no chunk');
    await redis.rpush(`${list}:list`, 'a list');
    await inbox.handIn([encode({ sequence: 0 })]);
    await redis.rpush(
      list,
      ...['', '{', 'null', '@hash', '@list', '@nothing', '@../meta', 'x'.repeat(1 << 20), 'layout'],
      entry((bytes) => bytes.fill(0, 4, 8)),
      entry((bytes) => bytes.fill(0, 8, 12)),
      entry(() => undefined).subarray(0, 50),
      ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map((sequence) =>
        entry(float(40, sequence)),
      ),
      Buffer.from(encode({ sequence: 1, length: 30 })),
    );
    await inbox.handIn([encode({ sequence: 1 })]);
    expect(await store.admit(1)).toBe(0);
    expect((await store.standing()).newest).toBe(2);
    expect(await replayRefusals([{ redis, prefix }])).toEqual({
      corrupt: 13,
      format: 1,
      layout: 1,
      size: 1,
      process: 1,
    });
  });

  it('is emptied in parts, and bounded as the replay is', async () => {
    const { store, inbox } = await open(LAYOUT, { ...PLENTY, transitions: 40 });
    await inbox.handIn(Array.from({ length: 3000 }, (_, sequence) => encode({ sequence })));
    const left = [await store.admit(1), await store.admit(1), await store.admit(1)];
    expect(left).toEqual([1976, 952, 0]);
    expect(await store.standing()).toMatchObject({ newest: 3000, transitions: 40, insertedTotal: 12_000 });
  });

  it('is emptied by the learner that is not fenced; an impossible fence binds nobody', async () => {
    const { prefix, store, inbox } = await open();
    await inbox.handIn([encode({ sequence: 0 })]);
    await store.admit(7);
    await inbox.handIn([encode({ sequence: 1 })]);
    await expect(store.admit(6)).rejects.toThrow(FencedError);
    expect((await store.standing()).newest).toBe(1);
    for (const fence of ['9e99', '9007199254740991', 'text', '-3', '1.5', '']) {
      await redis.hset(`${prefix}meta`, 'fence', fence);
      await store.recordSampled(0, 7);
      expect(await redis.hget(`${prefix}meta`, 'fence')).toBe('7');
    }
    await redis.hset(`${prefix}meta`, 'fence', '9e99');
    expect(await store.admit(7)).toBe(0);
    expect((await store.standing()).newest).toBe(2);
  });

  it.each([
    ['newest', '1000000000000'],
    ['newest', 'text'],
    ['oldest', '-1'],
    ['transitions', '1.5'],
    ['bytes', '9e99'],
    ['capacityBytes', ''],
    ['sampled', 'null'],
  ])('of a replay whose meta says %s %s waits until it is made anew', async (field, value) => {
    const { prefix, store, inbox } = await open();
    await inbox.handIn([encode({ sequence: 0 })]);
    await store.admit(1);
    await redis.hset(`${prefix}meta`, field, value);
    await expect(store.admit(1)).rejects.toThrow(ReplayMissingError);
    await expect(store.append([encode({ sequence: 1 })])).rejects.toThrow(ReplayMissingError);
    const again = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    expect(await again.standing()).toMatchObject({ oldest: 1, newest: 0, insertedTotal: 0 });
    await inbox.handIn([encode({ sequence: 1 })]);
    expect(await again.admit(1)).toBe(0);
    expect((await again.standing()).newest).toBe(1);
  });

  it('is opened by who has the same layout, once there is a replay', async () => {
    const { prefix } = await open();
    await expect(openReplayInbox([{ redis, prefix }], { ...LAYOUT, actions: 7 }, WRITER)).rejects.toThrow(
      /holds .*, not .* with 7 actions: start a new run/,
    );
    const nowhere = [{ redis, prefix: 'test:{nowhere}:' }];
    await expect(openReplayInbox(nowhere, LAYOUT, WRITER)).rejects.toThrow(ReplayMissingError);
  });

  it('of several shards tells of each what became of its chunks, also where another fails', async () => {
    const prefixes = ['test:{a1}:', 'test:{a2}:'];
    const addresses = prefixes.map((prefix) => ({ redis, prefix }));
    const stores = await Promise.all(
      prefixes.map((prefix) => RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY)),
    );
    const inbox = await openReplayInbox(addresses, LAYOUT, WRITER);
    const chunks = Array.from({ length: 16 }, (_, sequence) => encode({ sequence, slot: sequence }));
    await inbox.handIn(chunks);
    for (const store of stores) await store.admit(1);
    const meta = await redis.dumpBuffer('test:{a2}:meta');
    await redis.del('test:{a2}:meta');
    await expect(inbox.handIn([])).rejects.toThrow(ReplayMissingError);
    await redis.restore('test:{a2}:meta', 0, meta);
    const { admitted, standing } = await inbox.handIn([]);
    expect(new Set(admitted)).toEqual(new Set(chunks));
    expect(admitted).toHaveLength(16);
    expect(standing.insertedTotal).toBe(64);
  });

  it('of several shards tells of each chunk once, however long one of them refuses', async () => {
    const full = await startRedis();
    const other = new Redis(full.socket);
    const addresses = [
      { redis, prefix: 'test:{b1}:' },
      { redis: other, prefix: 'test:{b2}:' },
    ];
    const stores = await Promise.all(
      addresses.map((at) => RedisReplayStore.create(at.redis, at.prefix, LAYOUT, PLENTY)),
    );
    const admit = () => Promise.allSettled(stores.map((store) => store.admit(1)));
    const inbox = await openReplayInbox(addresses, LAYOUT, WRITER);
    const chunks = Array.from({ length: 16 }, (_, sequence) => encode({ sequence, slot: sequence }));
    await other.config('SET', 'maxmemory', '1');
    await expect(inbox.handIn(chunks)).rejects.toThrow(/at its maxmemory/);
    for (let tries = 0; tries < 3; tries++) {
      await admit();
      await expect(inbox.handIn([])).rejects.toThrow(/at its maxmemory/);
    }
    expect(inbox.pending.length).toBeGreaterThan(0);
    expect(inbox.pending.length).toBeLessThan(16);
    await other.config('SET', 'maxmemory', '0');
    const first = await inbox.handIn([]);
    expect(first.entered.toSorted(bySequence)).toEqual(chunks);
    await admit();
    const second = await inbox.handIn([]);
    expect([...first.admitted, ...second.admitted].toSorted(bySequence)).toEqual(chunks);
    expect(inbox.pending).toEqual([]);
    other.disconnect();
    await full.stop();
  });
});
