import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { makeObservations, observationSize } from '../src/chunk/layout.ts';
import {
  encodeChunk,
  type Layout,
  makeTransitionBatch,
  RedisReplayStore,
  Replay,
  replayMemory,
  type SealedChunk,
} from '../src/index.ts';
import { encodeCompressed, makeChunk } from './support/episodes.ts';

const CARTPOLE: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 2 };
const FRAMES: Layout = { frames: 1, shape: [84, 84], dtype: 'uint8', actions: 6 };
const PLENTY = { transitions: 1e9, bytes: 1e12 };

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.socket);
  // What Redis keeps from its first scripts on is no replay's.
  const store = await RedisReplayStore.create(redis, 'test:{first}:', CARTPOLE, PLENTY);
  await store.append(await chunksOf(CARTPOLE, 200, 8, false));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Frames of which a part, another in each chunk, is noise: so chunks are compressed to very different sizes. */
function chunksOf(layout: Layout, count: number, length: number, compress: boolean): Promise<SealedChunk[]> {
  const random = new Random(1);
  const size = observationSize(layout);
  const chunks = Array.from({ length: count }, (_, sequence) => {
    const observations = makeObservations(layout.dtype, (length + 1) * size);
    const noisy = Math.floor(random.uniform() ** 3 * observations.length);
    for (let i = 0; i < noisy; i++) observations[i] = random.integer(256);
    const chunk = makeChunk({ sequence, slot: sequence % 7, length, observations }, layout);
    const same = { ...chunk, actions: chunk.actions.fill(1) };
    return compress ? encodeCompressed(same, layout) : encodeChunk(same, layout);
  });
  return Promise.all(chunks);
}

/** When nothing else runs: what a closed client held is freed a little later. */
async function usedMemory(): Promise<number> {
  for (let last = -1; ; ) {
    const used = Number((await redis.info('memory')).match(/^used_memory:(\d+)/m)?.[1]);
    if (used === last) return used;
    last = used;
    await sleep(150);
  }
}

describe("the replay's memory as reported", () => {
  it.each([
    { what: 'small chunks', layout: CARTPOLE, count: 6000, length: 8 },
    { what: 'chunks of 64 steps', layout: CARTPOLE, count: 3000, length: 64 },
    { what: 'frames', layout: FRAMES, count: 60, length: 32 },
    { what: 'compressed frames', layout: FRAMES, count: 80, length: 32, compress: true },
    {
      what: 'a replay that has evicted most',
      layout: CARTPOLE,
      count: 6000,
      length: 64,
      transitions: 64_000,
    },
    { what: 'saved priorities', layout: CARTPOLE, count: 3000, length: 32, save: true },
  ])(
    "is Redis's used_memory to 5 %: $what",
    async ({ layout, count, length, compress, transitions, save }) => {
      await redis.flushall();
      const before = await usedMemory();
      const prefix = `test:{${crypto.randomUUID()}}:`;
      const writer = new Redis(server.socket);
      const capacity = { ...PLENTY, transitions: transitions ?? PLENTY.transitions };
      const store = await RedisReplayStore.create(writer, prefix, layout, capacity);
      const chunks = await chunksOf(layout, count, length, compress ?? false);
      for (let first = 0; first < count; first += 20) await store.append(chunks.slice(first, first + 20));
      if (save) await savePriorities(store, layout, count * length);
      await writer.quit();
      const used = (await usedMemory()) - before;
      const reported = await replayMemory(redis, prefix);
      expect(reported / used).toBeGreaterThan(0.95);
      expect(reported / used).toBeLessThan(1.05);
    },
  );
});

async function savePriorities(store: RedisReplayStore, layout: Layout, capacity: number): Promise<void> {
  const replay = new Replay(store, {
    layout,
    capacity,
    discount: 1,
    unit: { kind: 'transition', nSteps: 1 },
    prioritized: { alpha: 0.6, epsilon: 1e-6 },
    saving: { store, fence: 1 },
  });
  await replay.sync();
  const batch = makeTransitionBatch(20_000, layout);
  await replay.sample(batch, new Random(2));
  replay.updatePriorities(batch.handles, new Float32Array(20_000).fill(0.5));
  await replay.savePriorities();
}
