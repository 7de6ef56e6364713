import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Random } from '@qfleet/random';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import {
  FencedError,
  makeTransitionBatch,
  peekChunk,
  RedisReplayStore,
  Replay,
  ReplayMissingError,
} from '../src/index.ts';
import { encode, LARGE, LAYOUT } from './support/episodes.ts';

const PLENTY = { transitions: 1000, bytes: 1e6 };
let server: TestRedis;
let redis: Redis;
let made = 0;
/** Chunks that are arguments of the script, and those that are staged. */
const SIZES = [
  { size: 'small', layout: LAYOUT },
  { size: 'large', layout: LARGE },
];
const newPrefix = () => `test:{${++made}}:`;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.socket);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Passes bytes on to the server, but cuts the connection in place of its first answer with a chunk's reply. */
async function startCutter(): Promise<{ socket: string; cuts: () => number; arm: () => void }> {
  let armed = false;
  let cuts = 0;
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(server.socket);
    open.add(client).add(upstream);
    client.pipe(upstream);
    upstream.on('data', (reply) => {
      if (!armed) {
        client.write(reply);
        return;
      }
      armed = false;
      cuts++;
      client.destroy();
      upstream.destroy();
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  const socket = join(server.folder, `cutter-${++made}.sock`);
  proxy.listen(socket);
  await once(proxy, 'listening');
  onTestFinished(() => {
    for (const each of open) each.destroy();
    proxy.close();
  });
  return {
    socket,
    cuts: () => cuts,
    arm: () => {
      armed = true;
    },
  };
}

/** All keys under a prefix as they are now, which can be brought back: as a replica that is behind has them. */
async function dump(prefix: string): Promise<{ restore: () => Promise<void> }> {
  const keys = await redis.keys(`${prefix}*`);
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return {
    async restore() {
      await redis.del(await redis.keys(`${prefix}*`));
      await Promise.all(keys.map((key, i) => redis.restore(key, 0, values[i])));
    },
  };
}

describe('a replay on Redis', () => {
  it.each(SIZES)(
    'stores nothing $size twice when the connection is cut before the reply',
    async ({ layout }) => {
      const cutter = await startCutter();
      const prefix = newPrefix();
      await RedisReplayStore.create(redis, prefix, layout, PLENTY);
      const client = new Redis(cutter.socket, { maxRetriesPerRequest: 5, retryStrategy: () => 10 });
      client.on('error', () => {});
      onTestFinished(() => client.disconnect());
      const store = await RedisReplayStore.open(client, prefix);
      await store.append([encode({ sequence: 0 }, layout)]);

      cutter.arm();
      const reply = await store.append([1, 2].map((sequence) => encode({ sequence }, layout)));
      expect(cutter.cuts()).toBe(1);
      // The first try was carried out, and its retry found all stored.
      expect(reply.stored).toBe(0);
      expect(reply.standing).toMatchObject({ newest: 3, transitions: 12, insertedTotal: 12 });
      const { chunks } = await store.follow(0, 1e9);
      expect(chunks.map(({ bytes }) => peekChunk(bytes).sequence)).toEqual([0, 1, 2]);
    },
  );

  it.each(SIZES)(
    'sends its script again, with $size chunks, to a server that has forgotten it',
    async ({ layout }) => {
      const store = await RedisReplayStore.create(redis, newPrefix(), layout, PLENTY);
      for (const sequence of [0, 1, 2]) {
        const { stored, standing } = await store.append([encode({ sequence }, layout)]);
        expect([stored, standing.newest]).toEqual([1, sequence + 1]);
        await redis.script('FLUSH');
      }
    },
  );

  it('is the same one for all who open it', async () => {
    const prefix = newPrefix();
    const ours = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const theirs = await RedisReplayStore.open(redis, prefix);
    expect(theirs.layout).toEqual(LAYOUT);
    expect(theirs.capacity).toEqual(PLENTY);
    await theirs.append([encode()]);
    expect(await ours.standing()).toEqual(await theirs.standing());
    const again = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    expect((await again.standing()).newest).toBe(1);
  });

  it('takes a new capacity at a new creation', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    await store.append([0, 1, 2, 3].map((sequence) => encode({ sequence })));
    await RedisReplayStore.create(redis, prefix, LAYOUT, { ...PLENTY, transitions: 8 });
    const { standing } = await store.append([encode({ sequence: 4 })]);
    expect(standing).toMatchObject({ oldest: 4, newest: 5, transitions: 8 });
  });

  it('is refused to another layout', async () => {
    const prefix = newPrefix();
    await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    await expect(RedisReplayStore.create(redis, prefix, { ...LAYOUT, actions: 5 }, PLENTY)).rejects.toThrow(
      /holds float32\[3\] with 4 actions, not float32\[3\] with 5 actions/,
    );
  });

  it('says so when it is not there', async () => {
    const prefix = newPrefix();
    await expect(RedisReplayStore.open(redis, prefix)).rejects.toThrow(ReplayMissingError);
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    await RedisReplayStore.remove(redis, prefix);
    expect(await redis.keys(`${prefix}*`)).toEqual([]);
    for (const call of [
      () => store.append([encode()]),
      () => store.follow(0, 1),
      () => store.recordSampled(1),
      () => store.standing(),
    ])
      await expect(call()).rejects.toThrow(ReplayMissingError);
    expect(await redis.keys(`${prefix}*`)).toEqual([]);
  });

  it('keeps what it acknowledged over a crash, with an append-only file', async () => {
    const own = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
    onTestFinished(() => own.stop());
    const client = new Redis(own.socket, { maxRetriesPerRequest: null, retryStrategy: () => 10 });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    const store = await RedisReplayStore.create(client, 'test:{a}:', LAYOUT, { ...PLENTY, transitions: 8 });
    const { standing } = await store.append([0, 1, 2].map((sequence) => encode({ sequence })));
    await own.kill();
    await own.start();
    expect(await store.standing()).toEqual(standing);
    expect((await store.append([encode({ sequence: 2 })])).stored).toBe(0);
    expect((await store.append([encode({ sequence: 3 })])).standing.oldest).toBe(3);
  });

  it('counts what was sampled once when the connection is cut before the reply', async () => {
    const cutter = await startCutter();
    const prefix = newPrefix();
    await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const client = new Redis(cutter.socket, { maxRetriesPerRequest: 5, retryStrategy: () => 10 });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    const store = await RedisReplayStore.open(client, prefix);
    await store.recordSampled(5, 1);
    cutter.arm();
    expect((await store.recordSampled(7, 1)).sampledTotal).toBe(12);
    expect(cutter.cuts()).toBe(1);
    // Another one's calls are others, whatever their numbers.
    const other = await RedisReplayStore.open(redis, prefix);
    await other.recordSampled(1, 1);
    expect((await other.recordSampled(1, 1)).sampledTotal).toBe(14);
  });

  it.each([100, 1000])(
    'stores nothing of an append that finds Redis out of memory, and says so (chunks of %i steps)',
    async (length) => {
      const own = await startRedis('--maxmemory', '4mb', '--maxmemory-policy', 'noeviction');
      onTestFinished(() => own.stop());
      const client = new Redis(own.socket);
      onTestFinished(() => client.disconnect());
      const store = await RedisReplayStore.create(client, 'test:{a}:', LAYOUT, {
        transitions: 1e6,
        bytes: 1e9,
      });
      let sequence = 0;
      const fill = async () => {
        for (;;) await store.append([encode({ sequence: sequence++, length })]);
      };
      await expect(fill()).rejects.toThrow(/Redis is at its maxmemory/);
      expect((await store.standing()).newest).toBe(sequence - 1);
      await client.config('SET', 'maxmemory', '100mb');
      const retry = await store.append([encode({ sequence: sequence - 1, length })]);
      expect(retry).toMatchObject({ stored: 1, standing: { newest: sequence } });
    },
  );

  it('is begun anew by its follower when Redis has lost it', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    await store.append([0, 1, 2].map((sequence) => encode({ sequence, slot: 1 })));
    expect(await replay.sync()).toBe(12);
    await RedisReplayStore.remove(redis, prefix);
    await expect(replay.sync()).rejects.toThrow(ReplayMissingError);
    await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    // As many chunks as before: only the generation tells that they are others.
    await store.append([3, 4, 5].map((sequence) => encode({ sequence, length: 2 })));
    await replay.sync();
    expect(replay.size).toBe(6);
    expect(replay.counts.losses).toBe(1);
    await replay.sample(makeTransitionBatch(16, LAYOUT), new Random(1));
  });

  it.each([
    ['other chunks have their ids', [12, 13, 14, 15, 16]],
    ['as many other chunks have their ids', [12, 13]],
    ['others have some of their ids', [12]],
    ['nothing has come since', []],
  ])('is begun anew by its follower when Redis has lost its last moments and %s', async (_, since) => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const taken: number[] = [];
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
      onTaken: ({ sequence }) => taken.push(sequence),
    });
    await store.append([0, 1].map((sequence) => encode({ sequence })));
    await replay.sync();
    const replica = await dump(prefix);
    await store.append([2, 3].map((sequence) => encode({ sequence })));
    await replay.sync();
    await replica.restore();
    for (const sequence of since) await store.append([encode({ sequence })]);
    taken.length = 0;
    // Where no more have come than are lost, the next chunk shows it at the latest.
    await replay.sync();
    await store.append([encode({ sequence: 20 })]);
    await replay.sync();
    expect(replay.counts).toMatchObject({ losses: 1, refusedChunks: 0 });
    expect(taken).toEqual([0, 1, ...since, 20]);
    expect(replay.size).toBe(replay.standing!.transitions);
  });

  it('follows on from where it was when the server lost what it had not followed yet', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const follow = async (after: number) =>
      (await store.follow(after, 1)).chunks.map(({ id, bytes }) => [id, peekChunk(bytes).sequence]);
    await store.append([encode({ sequence: 0 })]);
    const replica = await dump(prefix);
    await store.append([1, 2].map((sequence) => encode({ sequence })));
    // One at a time: it knows of two more.
    expect(await follow(0)).toEqual([[1, 0]]);
    await replica.restore();
    expect(await follow(1)).toEqual([]);
    await store.append([5, 6].map((sequence) => encode({ sequence })));
    expect(await follow(1)).toEqual([[2, 5]]);
    expect(await follow(2)).toEqual([[3, 6]]);
  });

  it('has its priorities again when its view begins anew', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const firstOf = new Map<number, number>();
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
      prioritized: { alpha: 0.6, epsilon: 1e-12 },
      saving: { store, fence: 1 },
      onTaken: ({ sequence }, first) => firstOf.set(sequence, first),
    });
    await replay.sync();
    await store.append([0, 1].map((sequence) => encode({ sequence, length: 5 })));
    await replay.sync();
    const handles = [0, 1].flatMap((chunk) => [0, 1, 2, 3, 4].map((i) => firstOf.get(chunk)! + i));
    replay.updatePriorities(
      Int32Array.from(handles),
      Float32Array.from(handles, (_, i) => (i < 5 ? 1 : 0)),
    );
    await replay.savePriorities();
    const replica = await dump(prefix);
    await store.append([encode({ sequence: 2, length: 5 })]);
    await replay.sync();
    await replica.restore();
    await replay.sync();
    expect(replay.counts.losses).toBe(1);
    const batch = makeTransitionBatch(64, LAYOUT);
    await replay.sample(batch, new Random(1));
    const first = firstOf.get(0)!;
    expect([...batch.handles].every((leaf) => leaf >= first && leaf < first + 5)).toBe(true);
  });

  it('is followed on when its last chunks were evicted, or a call failed halfway', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, { ...PLENTY, transitions: 8 });
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 8,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    await store.append([0, 1].map((sequence) => encode({ sequence })));
    await replay.sync();
    await store.append([2, 3, 4].map((sequence) => encode({ sequence })));
    await store.follow(2, 1e6);
    await replay.sync();
    expect(replay.counts.losses).toBe(0);
    expect(replay.size).toBe(8);
  });

  it('is followed past chunks that somebody removed', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    await store.append([encode({ sequence: 0 })]);
    await replay.sync();
    await store.append([1, 2].map((sequence) => encode({ sequence })));
    await redis.del(`${prefix}chunk:2`, `${prefix}chunk:3`);
    expect(await replay.sync()).toBe(0);
    await store.append([encode({ sequence: 3 })]);
    expect(await replay.sync()).toBe(4);
    expect(replay.size).toBe(8);
  });

  it('skips and counts a chunk that was corrupted on Redis', async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    await store.append([0, 1, 2].map((sequence) => encode({ sequence })));
    const bytes = (await redis.getBuffer(`${prefix}chunk:2`))!;
    bytes[100] ^= 1;
    await redis.set(`${prefix}chunk:2`, bytes);
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
    });
    expect(await replay.sync()).toBe(8);
    expect(replay.counts.refusedChunks).toBe(1);
  });

  it("gives a learner's priorities to the one after it, and refuses those of the one before", async () => {
    const prefix = newPrefix();
    const store = await RedisReplayStore.create(redis, prefix, LAYOUT, PLENTY);
    const options = {
      layout: LAYOUT,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition' as const, nSteps: 1 },
      prioritized: { alpha: 0.6, epsilon: 1e-6 },
    };
    const follow = async (fence: number) => {
      const replay = new Replay(store, { ...options, saving: { store, fence } });
      await replay.sync();
      return replay;
    };
    await store.append([0, 1, 2, 3].map((sequence) => encode({ sequence, length: 5 })));
    const first = await follow(1);
    const batch = makeTransitionBatch(64, LAYOUT);
    await first.sample(batch, new Random(1));
    first.updatePriorities(
      batch.handles,
      Float32Array.from(batch.handles, (leaf) => 0.1 + leaf),
    );
    await first.savePriorities();

    const second = await follow(2);
    const draws = async (replay: Replay) => {
      const drawn = makeTransitionBatch(64, LAYOUT);
      await replay.sample(drawn, new Random(2), { beta: 1 });
      return { handles: [...drawn.handles], weights: [...drawn.weights] };
    };
    // The same draws with the same importance weights: the trees are the same.
    expect(await draws(second)).toEqual(await draws(first));
    const plain = new Replay(store, options);
    await plain.sync();
    expect(await draws(plain)).not.toEqual(await draws(first));

    // The second one's token is known from its first sync on.
    const { sampledTotal } = await store.standing();
    await expect(first.sync()).rejects.toThrow(FencedError);
    expect((await store.standing()).sampledTotal).toBe(sampledTotal);
    first.updatePriorities(batch.handles, new Float32Array(64).fill(9));
    await expect(first.savePriorities()).rejects.toThrow(FencedError);
    expect(await draws(await follow(2))).toEqual(await draws(second));

    // Evicted chunks take their priorities along.
    await RedisReplayStore.create(redis, prefix, LAYOUT, { ...PLENTY, transitions: 10 });
    await store.append([encode({ sequence: 4, length: 5 })]);
    expect(await redis.hkeys(`${prefix}priorities`)).toEqual(['4']);
    second.updatePriorities(batch.handles, new Float32Array(64).fill(2));
    await second.savePriorities();
    expect(await redis.hkeys(`${prefix}priorities`)).toEqual(['4']);
  });
});
