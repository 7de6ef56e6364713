import { createRedisReplay, encodeChunk, type Layout } from '@qfleet/replay';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../../../test/support/redis.ts';
import { createRun, FleetError, FleetReader, ReplayShards } from '../src/index.ts';
import { configOf, useRedis } from './support/fixture.ts';

const layout: Layout = { frames: 1, shape: [2], dtype: 'float32', actions: 2 };

const chunk = (slot: number) =>
  encodeChunk(
    {
      writer: 'w',
      sequence: slot,
      slot,
      episode: 0,
      offset: 0,
      length: 3,
      end: 'terminated',
      episodeReturn: 3,
      epsilon: 0.1,
      weightsVersion: 1,
      observations: new Float32Array(8),
      actions: new Int32Array(3),
      rewards: new Float32Array(3).fill(1),
      priorities: null,
    },
    layout,
  );

describe("a run's replay on servers of its own", () => {
  const fixture = useRedis();

  it('lies there, not on the run’s Redis, and is read as one', async () => {
    const servers = await Promise.all([startRedis(), startRedis()]);
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    const urls = servers.map(({ socket }) => `unix://${socket}`);
    const config = configOf();
    await createRun(fixture.redis, 'r', { ...config, replay: { ...config.replay, shards: urls } });
    const shards = await ReplayShards.connect(fixture.redis, 'r', urls, { role: 'test' });
    onTestFinished(() => shards.close());
    const store = await createRedisReplay(shards.addresses, layout, { transitions: 1000, bytes: 1e6 });
    await store.append([0, 1, 2, 3].map(chunk));

    expect(await fixture.redis.keys('*replay*')).toEqual([]);
    for (const { redis, prefix } of shards.addresses) {
      expect(await redis.hget(`${prefix}meta`, 'newest')).toBe('2');
    }
    const reader = new FleetReader(fixture.redis, 'r', urls);
    onTestFinished(() => reader.close());
    const state = (await reader.read())!;
    expect(state.replay).toMatchObject({ transitions: 12, chunks: 4 });
    expect(state.redisServers.map(({ server }) => server)).toEqual(['0', '1', '2']);
  });

  it('is not begun where one of them is not there', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const urls = [`unix://${server.socket}`, 'unix:///nowhere.sock'];
    const connecting = ReplayShards.connect(fixture.redis, 'r', urls, { role: 'test' });
    await expect(connecting).rejects.toThrow(FleetError);
  });
});
