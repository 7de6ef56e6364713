import { setImmediate } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import {
  encodeChunk,
  type Layout,
  MemoryReplayStore,
  makeTransitionBatch,
  Prefetcher,
  Replay,
  type ReplayOptions,
  type SealedChunk,
  type TransitionBatch,
} from '../src/index.ts';
import { encodeCompressed, makeChunk } from './support/episodes.ts';

const LAYOUT: Layout = { frames: 1, shape: [64], dtype: 'uint8', actions: 4 };
const STEPS = 8;
const CHUNKS = 40;
const PRIORITIZED = { alpha: 0.6, epsilon: 0.01 };

/** A chunk whose rows hold 5 × its number plus their step. */
async function makeBytes(number: number, compress = false): Promise<SealedChunk> {
  const observations = new Uint8Array((STEPS + 1) * 64);
  for (let t = 0; t <= STEPS; t++) observations.fill(number * 5 + t, t * 64, (t + 1) * 64);
  const chunk = makeChunk({ sequence: number, episode: number, length: STEPS, observations }, LAYOUT);
  return compress ? encodeCompressed(chunk, LAYOUT) : encodeChunk(chunk, LAYOUT);
}

/** A store in memory whose `fetch` waits for `gate`, or fails with `failure`. */
class GatedStore extends MemoryReplayStore {
  gate: Promise<void> = Promise.resolve();
  failure: Error | null = null;
  underWay = 0;
  mostUnderWay = 0;
  requests = 0;

  override async fetch(ids: readonly number[]) {
    this.requests++;
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await this.gate;
    this.underWay--;
    if (this.failure) throw this.failure;
    return super.fetch(ids);
  }
}

async function makeReplay(options: Partial<ReplayOptions> = {}, compress = false) {
  const capacity = { transitions: CHUNKS * STEPS, bytes: 1e9 };
  const store = new GatedStore(LAYOUT, capacity);
  await store.append(await Promise.all(Array.from({ length: CHUNKS }, (_, i) => makeBytes(i, compress))));
  const replay = new Replay(store, {
    layout: LAYOUT,
    capacity: capacity.transitions,
    discount: 0.9,
    unit: { kind: 'transition', nSteps: 1 },
    ...options,
  });
  await replay.sync();
  return { store, replay };
}

const COLD = { cacheBytes: 8 * (STEPS + 1) * 64 };
const batches = () => [makeTransitionBatch(16, LAYOUT), makeTransitionBatch(16, LAYOUT)];

/** Each row's states are whole, and follow one another. */
function expectWhole(batch: TransitionBatch): void {
  for (let row = 0; row < batch.size; row++) {
    const [state, next] = [batch.observations, batch.nextObservations].map((column) =>
      column.subarray(row * 64, (row + 1) * 64),
    );
    expect(new Set(state).size).toBe(1);
    expect(new Set(next).size).toBe(1);
    expect(next[0]).toBe(state[0] + 1);
  }
}

const copies = (of: readonly TransitionBatch[]) =>
  of.map(({ handles, observations }) => [handles.slice(), observations.slice()]);

async function untilIdle(store: GatedStore): Promise<void> {
  for (let turns = 0; turns < 20 || store.underWay > 0; turns++) await setImmediate();
}

describe('the prefetcher', () => {
  it('draws nothing ahead of its use while all is cached', async () => {
    const { store, replay } = await makeReplay({ prioritized: PRIORITIZED });
    const other = await makeReplay({ prioritized: PRIORITIZED });
    const prefetcher = new Prefetcher(replay, new Random(1), batches, 3);
    const random = new Random(1);
    for (let call = 0; call < 5; call++) {
      const ours = copies((await prefetcher.next({ beta: 0.4 }))!);
      const plain = batches();
      for (const batch of plain) await other.replay.sample(batch, random, { beta: 0.4 });
      expect(ours).toEqual(copies(plain));
      // New priorities count at once.
      for (const { replay: each } of [{ replay }, other])
        each.updatePriorities(
          plain[0].handles,
          Float32Array.from({ length: 16 }, (_, i) => call + i),
        );
    }
    expect(store.requests).toBe(0);
    expect(prefetcher.waitedSeconds).toBe(0);
  });

  it.each([false, true])('has what it fetches before it is asked for (compressed: %s)', async (compress) => {
    const { store, replay } = await makeReplay(COLD, compress);
    const prefetcher = new Prefetcher(replay, new Random(2), batches, 3);
    for (const batch of (await prefetcher.next({}))!) expectWhole(batch);
    const first = prefetcher.waitedSeconds;
    expect(first).toBeGreaterThan(0);
    for (let call = 0; call < 20; call++) {
      await untilIdle(store);
      for (const batch of (await prefetcher.next({}))!) expectWhole(batch);
    }
    if (!compress) expect(prefetcher.waitedSeconds).toBe(first);
    // What is drawn in one turn comes in one request.
    expect(store.requests).toBeLessThan(15);
  });

  it('asks for two portions of large observations at a time', async () => {
    const layout: Layout = { frames: 1, shape: [1 << 18], dtype: 'uint8', actions: 4 };
    const store = new GatedStore(layout, { transitions: 12, bytes: 1e9 });
    for (let i = 0; i < 12; i++) {
      const observations = new Uint8Array(2 << 18).fill(i);
      await store.append([
        encodeChunk(makeChunk({ sequence: i, episode: i, length: 1, observations }, layout), layout),
      ]);
    }
    const replay = new Replay(store, {
      layout,
      capacity: 12,
      discount: 0.9,
      unit: { kind: 'transition', nSteps: 1 },
      cacheBytes: 1,
    });
    await replay.sync();
    const prefetcher = new Prefetcher(replay, new Random(7), () => [makeTransitionBatch(8, layout)], 1);
    const [batch] = (await prefetcher.next({ replacement: false }))!;
    // Chunks of one step: the transition's handle is its number.
    for (let row = 0; row < 8; row++) expect(batch.observations[row << 18]).toBe(batch.handles[row]);
    await untilIdle(store);
    expect(store.requests).toBe(4);
    expect(store.mostUnderWay).toBe(2);
  });

  it('says how long it waited for a slow store, and counts what was used', async () => {
    const { store, replay } = await makeReplay(COLD);
    const prefetcher = new Prefetcher(replay, new Random(3), batches, 2);
    let open = () => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const next = prefetcher.next({});
    await setImmediate();
    expect(replay.standing!.sampledTotal).toBe(0);
    setTimeout(open, 10);
    await next;
    expect(prefetcher.waitedSeconds).toBeGreaterThan(0);
    // Three calls are drawn, one is used.
    expect(replay.standing!.sampledTotal).toBe(32);
  });

  it('fills batches with others where theirs were evicted on the way', async () => {
    for (const prioritized of [undefined, PRIORITIZED]) {
      const { store, replay } = await makeReplay({ ...COLD, ...(prioritized ? { prioritized } : {}) });
      const prefetcher = new Prefetcher(replay, new Random(4), batches, 3);
      for (let round = 0; round < 30; round++) {
        const next = prefetcher.next({ beta: 0.5 });
        await store.append(await Promise.all([0, 1, 2].map((i) => makeBytes(CHUNKS + 3 * round + i))));
        await replay.sync();
        for (const batch of (await next)!) {
          expect(batch.weights.every((w) => w > 0 && w <= 1)).toBe(true);
          for (let row = 0; row < batch.size; row++) {
            const state = batch.observations[row * 64];
            expect(batch.nextObservations[row * 64]).toBe((state + 1) % 256);
          }
        }
      }
      expect(replay.counts.refetchedChunks).toBeGreaterThan(100);
    }
  });

  it('fetches next what left the cache while the rest was on its way', async () => {
    // One endless episode: a 6-step return from a chunk of 4 ends in the next chunk but one.
    const store = new GatedStore(LAYOUT, { transitions: 200, bytes: 1e9 });
    let made = 0;
    const append = async (count: number) => {
      for (let i = 0; i < count; i++, made++) {
        const observations = new Uint8Array(5 * 64);
        for (let t = 0; t < 5; t++) observations.fill((made * 4 + t) % 251, t * 64, (t + 1) * 64);
        const chunk = { sequence: made, offset: made * 4, length: 4, observations };
        await store.append([encodeChunk(makeChunk(chunk, LAYOUT), LAYOUT)]);
      }
    };
    const cacheBytes = 10 * 5 * 64;
    const replay = new Replay(store, {
      layout: LAYOUT,
      capacity: 200,
      discount: 0.9,
      unit: { kind: 'transition', nSteps: 6 },
      cacheBytes,
    });
    await append(25);
    await replay.sync();
    const batch = makeTransitionBatch(64, LAYOUT);
    const random = new Random(8);
    for (let round = 0; round < 10; round++) {
      let open = () => {};
      store.gate = new Promise((resolve) => {
        open = resolve;
      });
      const sampled = replay.sample(batch, random);
      // All that was cached leaves the cache; nothing is evicted from the store.
      await append(round < 2 ? 12 : 0);
      await replay.sync();
      open();
      await sampled;
      for (let row = 0; row < 64; row++) {
        const [state, next] = [batch.observations[row * 64], batch.nextObservations[row * 64]];
        const steps = (next - state + 251) % 251;
        expect(batch.discounts[row]).toBeCloseTo(0.9 ** steps, 5);
      }
    }
    expect(replay.size).toBe(196);
  });

  it('throws what the store throws, and goes on after it', async () => {
    const { store, replay } = await makeReplay(COLD);
    const prefetcher = new Prefetcher(replay, new Random(5), batches, 1);
    store.failure = new Error('no connection');
    await expect(prefetcher.next({})).rejects.toThrow('no connection');
    await untilIdle(store);
    await expect(prefetcher.next({})).rejects.toThrow('no connection');
    store.failure = null;
    await untilIdle(store);
    // The one that was drawn ahead has failed too.
    await prefetcher.next({}).catch(() => undefined);
    for (const batch of (await prefetcher.next({}))!) expectWhole(batch);
  });

  it('has nothing where the store lost its content on the way, and begins anew', async () => {
    const { store, replay } = await makeReplay(COLD);
    const other = new GatedStore(LAYOUT, { transitions: 1000, bytes: 1e9 });
    store.follow = (after, most) => other.follow(after, most);
    store.recordSampled = (count) => other.recordSampled(count);
    store.fetch = (ids) => other.fetch(ids);
    const prefetcher = new Prefetcher(replay, new Random(6), batches, 2);
    const next = prefetcher.next({});
    await replay.sync();
    expect(replay.counts.losses).toBe(1);
    expect(await next).toBeNull();
    await other.append(await Promise.all(Array.from({ length: CHUNKS }, (_, i) => makeBytes(i))));
    await replay.sync();
    for (const batch of (await prefetcher.next({}))!) expectWhole(batch);
  });
});
