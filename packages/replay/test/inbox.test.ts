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

describe('an inbox', () => {
  it.each(SIZES)('hands $size chunks in, which the learner takes in, in their order', async ({ layout }) => {
    const { prefix, store, inbox, contents } = await open(layout);
    const chunks = [0, 1, 2].map((sequence) => encode({ sequence }, layout));
    const first = await inbox.handIn(chunks);
    expect(first).toMatchObject({ admitted: [], again: [], dropped: [], taken: 0 });
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
      // As the same process does it that never heard of it: before, and after they were taken in.
      const twin = await openReplayInbox([{ redis, prefix }], layout, WRITER);
      await twin.handIn(chunks);
      await store.admit(1);
      await inbox.handIn(chunks);
      await store.admit(1);
      const { admitted, again, taken } = await inbox.handIn([]);
      expect([admitted, again, taken]).toEqual([[], [], 0]);
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
      expect(noticed.again).toEqual(chunks.slice(4));
      await inbox.handIn(noticed.again);
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

  it('hands in again what Redis lost, and gives it up where the replay does not want it', async () => {
    const { prefix, store, inbox, contents } = await open();
    const chunks = [0, 1].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks);
    await redis.del(`${prefix}inbox`);
    const { again } = await inbox.handIn([]);
    expect(again).toEqual(chunks);
    await inbox.handIn(again);
    await store.admit(1);
    expect((await inbox.handIn([])).admitted).toEqual(chunks);
    expect(await contents()).toHaveLength(2);

    const bad = encode({ sequence: 2 });
    // Open chunks are of one process.
    bad[31] = 2;
    await inbox.handIn([bad]);
    for (let tries = 1; tries < 5; tries++) {
      await store.admit(1);
      expect((await inbox.handIn([])).again).toEqual([bad]);
      await inbox.handIn([bad]);
    }
    await store.admit(1);
    expect((await inbox.handIn([])).dropped).toEqual([bad]);
  });

  it('hands in what came into no replay before what is new, once there is one again', async () => {
    const { prefix, inbox, contents } = await open();
    const chunks = [0, 1, 2, 3].map((sequence) => encode({ sequence }));
    await inbox.handIn(chunks.slice(0, 2));
    await redis.del(`${prefix}inbox`, `${prefix}meta`);
    await expect(inbox.handIn(chunks.slice(2))).rejects.toThrow(ReplayMissingError);
    await redis.del(`${prefix}inbox`);
    const again = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    expect(await inbox.handIn(chunks.slice(2))).toMatchObject({ admitted: [], again: [], dropped: [] });
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
    for (let tries = 0; tries < 3; tries++)
      await expect(inbox.handIn(chunks.slice(2))).rejects.toThrow(/at its maxmemory/);
    await redis.config('SET', 'maxmemory', '0');
    expect(await inbox.handIn(chunks.slice(2))).toMatchObject({ admitted: chunks.slice(0, 2), again: [] });
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
});
