import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import {
  encodeChunk,
  type Layout,
  MemoryReplayStore,
  makeTransitionBatch,
  Replay,
  type ReplayOptions,
  type ReplayStore,
  type TransitionBatch,
} from '../src/index.ts';
import { chiSquareBound } from './support/chi-square.ts';
import { counter, cut, encode, LAYOUT, makeChunk, makeEpisode } from './support/episodes.ts';

const OPTIONS: ReplayOptions = {
  layout: LAYOUT,
  capacity: 1000,
  discount: 0.9,
  unit: { kind: 'transition', nSteps: 1 },
};
const PRIORITIZED = { alpha: 0.6, epsilon: 0.01 };

function makeReplay(options: Partial<ReplayOptions> = {}, bytes = 1e9) {
  const all = { ...OPTIONS, ...options };
  const store = new MemoryReplayStore(all.layout, { transitions: all.capacity, bytes });
  return { store, replay: new Replay(store, all) };
}

/** Appends `count` single-step chunks whose observation is [from + i, …]. */
async function appendSteps(store: ReplayStore, from: number, count: number, priorities?: readonly number[]) {
  await store.append(
    Array.from({ length: count }, (_, i) =>
      encode({
        sequence: from + i,
        episode: from + i,
        length: 1,
        end: 'terminated',
        observations: Float32Array.of(from + i, 0, 0, from + i, 1, 0),
        priorities: priorities ? Float32Array.of(priorities[i]) : null,
      }),
    ),
  );
}

/** Which of `appendSteps`'s transitions each row is. */
const identities = (batch: TransitionBatch) =>
  Array.from({ length: batch.size }, (_, row) => batch.observations[row * 3]);

describe('sampling', () => {
  it('is refused from an empty replay', async () => {
    const { replay } = makeReplay();
    await replay.sync();
    await expect(replay.sample(makeTransitionBatch(4, LAYOUT), new Random(1))).rejects.toThrow(
      /holds 0 transitions/,
    );
  });

  it('is the same from the same seed', async () => {
    for (const prioritized of [undefined, PRIORITIZED]) {
      const draw = async () => {
        const { store, replay } = makeReplay(prioritized ? { prioritized } : {});
        await appendSteps(store, 0, 100);
        await replay.sync();
        const batch = makeTransitionBatch(32, LAYOUT);
        await replay.sample(batch, new Random(5));
        return identities(batch);
      };
      expect(await draw()).toEqual(await draw());
    }
  });

  it('draws uniformly (χ²)', async () => {
    const { store, replay } = makeReplay();
    await appendSteps(store, 0, 100);
    await replay.sync();
    const batch = makeTransitionBatch(50, LAYOUT);
    const random = new Random(6);
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 1000; i++) {
      await replay.sample(batch, random);
      for (const id of identities(batch)) counts[id]++;
      expect(batch.weights.every((w) => w === 1)).toBe(true);
    }
    const statistic = counts.reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0);
    expect(statistic).toBeLessThan(chiSquareBound(99));
  });

  it.each([1, 25])('draws in proportion to (|δ| + ε)^α in batches of %i (χ²)', async (size) => {
    const { store, replay } = makeReplay({ prioritized: PRIORITIZED });
    const errors = Float32Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? 0 : i / 10));
    await appendSteps(store, 0, 60, [...errors]);
    await replay.sync();
    const batch = makeTransitionBatch(size, LAYOUT);
    const random = new Random(7);
    const counts = new Array<number>(60).fill(0);
    const draws = 100_000;
    for (let i = 0; i < draws / size; i++) {
      await replay.sample(batch, random);
      for (const id of identities(batch)) counts[id]++;
    }
    const p = Array.from(errors, (error) => (error + 0.01) ** 0.6);
    const total = p.reduce((a, b) => a + b);
    const statistic = counts.reduce(
      (sum, n, i) => sum + (n - (draws * p[i]) / total) ** 2 / ((draws * p[i]) / total),
      0,
    );
    expect(statistic).toBeLessThan(chiSquareBound(59));
  });

  it('weighs by importance as the closed form says', async () => {
    const { store, replay } = makeReplay({ prioritized: PRIORITIZED });
    const errors = Array.from({ length: 40 }, (_, i) => Math.fround((i + 1) / 4));
    await appendSteps(store, 0, 40, errors);
    await replay.sync();
    const batch = makeTransitionBatch(16, LAYOUT);
    await replay.sample(batch, new Random(8), { beta: 0.4 });
    const p = errors.map((error) => (error + 0.01) ** 0.6);
    const total = p.reduce((a, b) => a + b);
    const raw = identities(batch).map((id) => (40 * (p[id] / total)) ** -0.4);
    const largest = Math.max(...raw);
    identities(batch).forEach((_, row) => {
      expect(batch.weights[row]).toBeCloseTo(raw[row] / largest, 5);
    });
  });

  it('without replacement gives no transition twice in a batch', async () => {
    for (const prioritized of [undefined, PRIORITIZED]) {
      const { store, replay } = makeReplay(prioritized ? { prioritized } : {});
      await appendSteps(
        store,
        0,
        20,
        Array.from({ length: 20 }, (_, i) => i),
      );
      await replay.sync();
      const batch = makeTransitionBatch(18, LAYOUT);
      const random = new Random(9);
      for (let i = 0; i < 50; i++) {
        await replay.sample(batch, random, { replacement: false });
        expect(new Set(identities(batch)).size).toBe(18);
      }
      await expect(
        replay.sample(makeTransitionBatch(21, LAYOUT), random, { replacement: false }),
      ).rejects.toThrow(/holds 20 transitions; a batch of 21/);
    }
  });
});

describe('priorities', () => {
  const share = async (replay: Replay, id: number) => {
    const batch = makeTransitionBatch(1000, LAYOUT);
    await replay.sample(batch, new Random(10));
    return identities(batch).filter((each) => each === id).length / 1000;
  };

  it('of new transitions are the highest so far', async () => {
    const { store, replay } = makeReplay({ prioritized: { alpha: 1, epsilon: 1e-6 } });
    await appendSteps(store, 0, 2);
    await replay.sync();
    const batch = makeTransitionBatch(64, LAYOUT);
    await replay.sample(batch, new Random(1));
    replay.updatePriorities(
      batch.handles,
      Float32Array.from(identities(batch), (id) => (id === 0 ? 6 : 2)),
    );
    expect(await share(replay, 0)).toBeCloseTo(6 / 8, 2);
    await appendSteps(store, 2, 1);
    await replay.sync();
    expect(await share(replay, 2)).toBeCloseTo(6 / 14, 2);
  });

  it('that come late do not land on newer transitions', async () => {
    // Each transition is one chunk; the ring has 16 leaves.
    const { store, replay } = makeReplay({ capacity: 16, prioritized: { alpha: 1, epsilon: 1e-6 } });
    await appendSteps(store, 0, 16);
    await replay.sync();
    const batch = makeTransitionBatch(16, LAYOUT);
    await replay.sample(batch, new Random(1), { replacement: false });
    await appendSteps(store, 16, 12);
    await replay.sync();
    // 12 … 15 are still there, the leaves of the rest were taken over by 16 … 27.
    replay.updatePriorities(batch.handles, new Float32Array(16).fill(3));
    for (const id of [12, 13, 14, 15]) expect(await share(replay, id)).toBeCloseTo(3 / 24, 2);
    for (const id of [16, 20, 27]) expect(await share(replay, id)).toBeCloseTo(1 / 24, 2);
  });

  it('that are not finite are left out', async () => {
    const { store, replay } = makeReplay({ prioritized: { alpha: 1, epsilon: 1e-6 } });
    await appendSteps(store, 0, 2);
    await replay.sync();
    const batch = makeTransitionBatch(64, LAYOUT);
    await replay.sample(batch, new Random(1));
    replay.updatePriorities(batch.handles, new Float32Array(64).fill(Number.NaN));
    replay.updatePriorities(batch.handles, new Float32Array(64).fill(Number.POSITIVE_INFINITY));
    expect(await share(replay, 0)).toBeCloseTo(1 / 2, 2);
  });
});

describe('following a store', () => {
  it('holds what the store holds, through evictions of all kinds', async () => {
    const random = new Random(11);
    for (const prioritized of [undefined, PRIORITIZED]) {
      const { store, replay } = makeReplay(
        { capacity: 100, ...(prioritized ? { prioritized } : {}) },
        20_000,
      );
      let next = 0;
      const batch = makeTransitionBatch(200, LAYOUT);
      for (let round = 0; round < 60; round++) {
        const count = random.integer(30);
        await appendSteps(store, next, count);
        next += count;
        if (random.uniform() < 0.3) continue;
        await replay.sync();
        const standing = await store.standing();
        expect(replay.size).toBe(standing.transitions);
        expect(replay.standing).toMatchObject({ oldest: standing.oldest, newest: standing.newest });
        if (replay.size === 0) continue;
        await replay.sample(batch, random);
        for (const id of identities(batch)) {
          expect(id).toBeGreaterThanOrEqual(standing.oldest - 1);
          expect(id).toBeLessThan(standing.newest);
        }
      }
      expect((await store.standing()).evictedTotal).toBeGreaterThan(300);
    }
  });

  it('tells the store how much was sampled, once', async () => {
    const { store, replay } = makeReplay();
    await appendSteps(store, 0, 4);
    await replay.sync();
    await replay.sample(makeTransitionBatch(8, LAYOUT), new Random(1));
    expect(replay.standing!.sampledTotal).toBe(8);
    expect((await store.standing()).sampledTotal).toBe(0);
    await replay.sync();
    await replay.sync();
    expect((await store.standing()).sampledTotal).toBe(8);
    expect(replay.standing!.sampledTotal).toBe(8);
  });

  it('fetches again what its cache has no room for', async () => {
    // Room for 64 rows; the replay has 100 chunks of 2 rows each.
    const { store, replay } = makeReplay({ cacheBytes: 64 * 12 });
    await appendSteps(store, 0, 100);
    await replay.sync();
    const batch = makeTransitionBatch(80, LAYOUT);
    const random = new Random(12);
    const seen = new Set<number>();
    for (let i = 0; i < 30; i++) {
      await replay.sample(batch, random);
      for (const [row, id] of identities(batch).entries()) {
        expect([...batch.nextObservations.subarray(row * 3, row * 3 + 3)]).toEqual([id, 1, 0]);
        seen.add(id);
      }
    }
    expect(seen.size).toBe(100);
    expect(replay.counts.refetchedChunks).toBeGreaterThan(100);
  });

  it('draws others for transitions that were evicted while it fetched', async () => {
    for (const prioritized of [undefined, PRIORITIZED]) {
      const { store, replay } = makeReplay({
        capacity: 100,
        cacheBytes: 64 * 12,
        ...(prioritized ? { prioritized } : {}),
      });
      await appendSteps(store, 0, 100);
      await replay.sync();
      await appendSteps(store, 100, 60);
      const batch = makeTransitionBatch(80, LAYOUT);
      await replay.sample(batch, new Random(13), { beta: 1 });
      // The view has not synced, but the store has only 60 … 99 of what it knows; some rows came from the cache.
      for (const id of identities(batch)) expect(id).toBeGreaterThanOrEqual(60);
      expect(batch.weights.every((w) => w > 0 && w <= 1)).toBe(true);
      await replay.sync();
      expect(replay.size).toBe(100);
    }
  });

  it('may ingest chunks and priorities while a batch waits for its own', async () => {
    const { store, replay } = makeReplay({ capacity: 128, cacheBytes: 64 * 12, prioritized: PRIORITIZED });
    await appendSteps(store, 0, 128);
    await replay.sync();
    const batch = makeTransitionBatch(64, LAYOUT);
    const random = new Random(14);
    let previous = new Int32Array(64);
    for (let round = 0; round < 50; round++) {
      await appendSteps(store, 128 + round * 40, 40);
      const sampled = replay.sample(batch, random);
      replay.updatePriorities(previous, new Float32Array(64).fill(random.uniform()));
      await Promise.all([sampled, replay.sync()]);
      for (const [row, id] of identities(batch).entries())
        expect([...batch.nextObservations.subarray(row * 3, row * 3 + 3)]).toEqual([id, 1, 0]);
      previous = batch.handles.slice();
    }
    expect(replay.size).toBe(128);
  });

  it('serves chunks that are larger than its cache', async () => {
    const { store, replay } = makeReplay({ cacheBytes: 64 * 12 });
    await store.append([encode({ length: 80 })]);
    await replay.sync();
    expect(replay.allCached).toBe(false);
    const batch = makeTransitionBatch(64, LAYOUT);
    await replay.sample(batch, new Random(3));
    const { observations } = makeChunk({ length: 80 });
    for (let row = 0; row < 64; row++) {
      const step = batch.handles[row];
      expect(batch.observations.slice(row * 3, row * 3 + 3)).toEqual(
        observations.slice(step * 3, step * 3 + 3),
      );
    }
  });

  it('never returns past a chunk that was refused', async () => {
    const layout = LAYOUT;
    const { store, replay } = makeReplay({ unit: { kind: 'transition', nSteps: 3 } });
    const chunks = [0, 1, 2].map((i) =>
      encodeChunk(
        makeChunk({ sequence: i, offset: 2 * i, length: 2, rewards: Float32Array.of(1, 1) }),
        layout,
      ),
    );
    chunks[1][120] ^= 4;
    await store.append(chunks);
    expect(await replay.sync()).toBe(4);
    expect(replay.counts.refusedChunks).toBe(1);
    const batch = makeTransitionBatch(64, LAYOUT);
    await replay.sample(batch, new Random(1));
    for (let i = 0; i < 64; i++) expect([Math.fround(1.9), 1]).toContain(batch.returns[i]);
  });
});

describe('frame stacking', () => {
  const layout: Layout = { frames: 1, shape: [2, 40], dtype: 'uint8', actions: 4 };

  it.each([2, 4])('of %i agrees with the episode, over chunk borders and evictions', async (k) => {
    const random = new Random(k);
    const sequence = counter();
    const { store, replay } = makeReplay({
      layout: { ...layout, frames: k },
      capacity: 150,
      unit: { kind: 'transition', nSteps: 2 },
    });
    const batch = makeTransitionBatch(64, { ...layout, frames: k });
    const frame = (episode: number, step: number) => new Uint8Array(80).fill(episode * 30 + step);
    const lengths: number[] = [];
    for (let number = 0; number < 8; number++) {
      const episode = makeEpisode(random, 0, number, 10 + random.integer(18));
      lengths.push(episode.actions.length);
      for (const chunk of cut(episode, random, 5, sequence)) {
        const observations = new Uint8Array((chunk.length + 1) * 80);
        for (let t = 0; t <= chunk.length; t++) observations.set(frame(number, chunk.offset + t), t * 80);
        await store.append([encodeChunk({ ...chunk, observations }, layout)]);
      }
      await replay.sync();
      await replay.sample(batch, random);
      for (let row = 0; row < batch.size; row++) {
        const states = [batch.observations, batch.nextObservations].map((column) =>
          Array.from({ length: k }, (_, i) => column.subarray((row * k + i) * 80, (row * k + i + 1) * 80)),
        );
        const newest = states[0][k - 1][0];
        const [ep, t] = [Math.floor(newest / 30), newest % 30];
        const last = Math.min(t + 2, lengths[ep]);
        for (let i = 0; i < k; i++) {
          expect(states[0][i]).toEqual(frame(ep, Math.max(0, t - (k - 1 - i))));
          expect(states[1][i]).toEqual(frame(ep, Math.max(0, last - (k - 1 - i))));
        }
      }
    }
    expect((await store.standing()).evictedTotal).toBeGreaterThan(0);
  });
});
