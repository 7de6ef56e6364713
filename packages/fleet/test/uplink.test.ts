import { createRedisReplay, encodeOpenChunk, type Layout, openReplayInbox, peekChunk } from '@qfleet/replay';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../../../test/support/redis.ts';
import { Uplink, type UplinkOptions } from '../src/index.ts';
import { log, useRedis } from './support/fixture.ts';

const layout: Layout = { frames: 1, shape: [2], dtype: 'float32', actions: 2 };
const WRITER = 'w';
const LENGTH = 3;

const chunk = (sequence: number, slot = 0) =>
  encodeOpenChunk(
    {
      writer: WRITER,
      sequence,
      slot,
      episode: 0,
      offset: 0,
      length: LENGTH,
      end: 'terminated',
      episodeReturn: 3,
      epsilon: 0.1,
      weightsVersion: 1,
      observations: new Float32Array(2 * (LENGTH + 1)),
      actions: new Int32Array(LENGTH),
      rewards: new Float32Array(LENGTH).fill(1),
      priorities: null,
    },
    layout,
  );

const episode = { return: 7, epsilon: 0.5 };

describe('the uplink', () => {
  const fixture = useRedis();

  /** A replay with a shard on each of these servers, and an actor's way to it. */
  async function open(servers: readonly Redis[], options: Partial<UplinkOptions> = {}) {
    const addresses = servers.map((redis, i) => ({ redis, prefix: `test:{${i}}:` }));
    const store = await createRedisReplay(addresses, layout, { transitions: 1000, bytes: 1e6 });
    const entered: number[] = [];
    const uplink = await Uplink.open({
      openInbox: () => openReplayInbox(addresses, layout, WRITER),
      compressed: false,
      reportEpisodes: async () => undefined,
      onPushed: (chunks) => entered.push(...chunks.map((bytes) => peekChunk(bytes).sequence)),
      log,
      ...options,
    });
    const acknowledged = (): number => {
      uplink.refresh();
      return uplink.acknowledged;
    };
    return { store, uplink, entered, acknowledged };
  }

  /** A server beside the fixture's, which refuses writes while it is full. */
  async function another(): Promise<{ redis: Redis; setFull(full: boolean): Promise<unknown> }> {
    const server = await startRedis();
    const redis = new Redis(server.socket);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
    return { redis, setFull: (full) => redis.config('SET', 'maxmemory', full ? 1 : 0) };
  }

  it.each([false, true])(
    'acknowledges what the learner admitted, once, in order (compressed: %s)',
    async (compressed) => {
      const { store, uplink, entered, acknowledged } = await open([fixture.redis], { compressed });
      uplink.push([chunk(0), chunk(1)], [], 6);
      uplink.push([chunk(2)], [], 9);
      await expect.poll(() => entered).toEqual([0, 1, 2]);
      expect(uplink).toMatchObject({ acknowledged: 0, transitions: 9, chunks: 3, unsent: 0 });
      await store.admit!(0);
      await expect.poll(acknowledged).toBe(9);
      uplink.push([chunk(3)], [], 12);
      await expect.poll(() => entered).toEqual([0, 1, 2, 3]);
      expect(uplink).toMatchObject({ acknowledged: 9, transitions: 3, chunks: 1, dropped: 0 });
      expect((await store.standing()).insertedTotal).toBe(9);
    },
  );

  it('hands a chunk in again whose reply was lost; it counts once', async () => {
    let losses = 0;
    const lossy = new Proxy(fixture.redis, {
      get: (redis, name) => {
        const value: unknown = Reflect.get(redis, name);
        if (name !== 'eval' || losses === 0) return typeof value === 'function' ? value.bind(redis) : value;
        return async (...args: Parameters<Redis['eval']>) => {
          await redis.eval(...args);
          losses--;
          throw new Error('The reply was lost.');
        };
      },
    });
    const { store, uplink, entered, acknowledged } = await open([lossy]);
    losses = 2;
    uplink.push([chunk(0)], [], 3);
    await expect.poll(() => entered).toEqual([0]);
    while ((await store.admit!(0)) > 0);
    await expect.poll(acknowledged).toBe(3);
    expect((await store.standing()).insertedTotal).toBe(3);
    expect(uplink).toMatchObject({ transitions: 0, dropped: 0, namesTaken: 0 });
  });

  it('keeps what one of two shards refuses, and acknowledges all of it once that takes it', async () => {
    const { redis, setFull } = await another();
    const { store, uplink, entered, acknowledged } = await open([fixture.redis, redis]);
    await setFull(true);
    uplink.push(
      [0, 1, 2, 3].map((slot) => chunk(slot, slot)),
      [],
      12,
    );
    await expect.poll(() => fixture.redis.llen('test:{0}:inbox')).toBe(2);
    await expect.poll(() => uplink.unsent).toBe(6);
    expect(uplink).toMatchObject({ transitions: 12, acknowledged: 0 });
    await setFull(false);
    await expect.poll(() => entered.toSorted(), { timeout: 5_000 }).toEqual([0, 1, 2, 3]);
    await store.admit!(0);
    await expect.poll(acknowledged).toBe(12);
    expect((await store.standing()).insertedTotal).toBe(12);
    expect(uplink).toMatchObject({ transitions: 0, unsent: 0, dropped: 0 });
  });

  it('counts at its end what only it has, and sends nothing afterwards', async () => {
    const { redis, setFull } = await another();
    const warnings: string[] = [];
    const heard = pino({ level: 'warn' }, { write: (line) => warnings.push(line) });
    const { uplink, entered } = await open([redis], { log: heard });
    uplink.push([chunk(0)], [], 3);
    await expect.poll(() => entered).toEqual([0]);
    await setFull(true);
    uplink.push([chunk(1), chunk(2)], [], 9);
    await expect
      .poll(() => warnings)
      .toEqual([expect.stringContaining('Experience waits: Redis is at its maxmemory')]);
    await uplink.close(AbortSignal.abort());
    await setFull(false);
    uplink.push([chunk(3)], [], 12);
    expect(uplink.unsent).toBe(9);
    expect(await redis.llen('test:{0}:inbox')).toBe(1);
  });

  it('waits at its end until all is handed in', async () => {
    const { uplink } = await open([fixture.redis]);
    uplink.push([chunk(0), chunk(1)], [episode], 6);
    await uplink.close(new AbortController().signal);
    expect(uplink.unsent).toBe(0);
    expect(await fixture.redis.llen('test:{0}:inbox')).toBe(2);
  });

  it('sends a report of episodes again as it was where it failed, and then those since', async () => {
    const reports: [number, number][] = [];
    const { uplink } = await open([fixture.redis], {
      reportEpisodes: async (number, { episodes }) => {
        reports.push([number, episodes]);
        if (reports.length === 1) throw new Error('The reply was lost.');
      },
    });
    uplink.push([], [episode, episode], 0);
    uplink.push([], [episode], 0);
    await expect
      .poll(() => reports)
      .toEqual([
        [1, 2],
        [1, 2],
        [2, 1],
      ]);
  });
});
