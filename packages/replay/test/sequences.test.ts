import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeChunk,
  type Layout,
  MemoryReplayStore,
  makeSequenceBatch,
  Replay,
  type SequenceBatch,
  type SequenceUnit,
  sequencePriorities,
} from '../src/index.ts';
import { chiSquareBound } from './support/chi-square.ts';
import { counter, cut, type Episode, LAYOUT, makeEpisode } from './support/episodes.ts';

/** Named columns of each cadence, whose values tell where they are from. */
const COLUMNS: Layout = {
  ...LAYOUT,
  columns: [
    { name: 'whose', dtype: 'int32', shape: [], cadence: 'step' },
    { name: 'memory', dtype: 'float32', shape: [2], cadence: 'state' },
    { name: 'context', dtype: 'float32', shape: [3], cadence: 'chunk' },
  ],
};

interface Case {
  readonly unit: SequenceUnit;
  readonly steps: readonly number[];
  readonly longest: number;
  readonly frameStack: number;
  /** Transitions that the store holds; what came before is evicted. */
  readonly capacity: number;
  readonly cacheBytes: number;
  readonly prioritized: boolean;
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    burnIn: fc.integer({ min: 0, max: 5 }),
    length: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 7 }),
    steps: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 5 }),
    longest: fc.integer({ min: 1, max: 8 }),
    frameStack: fc.integer({ min: 1, max: 3 }),
    capacity: fc.constantFrom(1000, 30),
    cacheBytes: fc.constantFrom(1 << 20, 200),
    prioritized: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ burnIn, length, stride, ...rest }) => ({
    unit: { kind: 'sequence' as const, burnIn, length, stride: Math.min(stride, length) },
    ...rest,
  }));

/** A replay that has taken the case's episodes in, and those episodes by their number (slots are one each). */
async function fill(given: Case) {
  const { unit, steps, longest, frameStack, capacity, cacheBytes, prioritized, seed } = given;
  const random = new Random(seed);
  const sequence = counter();
  const store = new MemoryReplayStore(COLUMNS, { transitions: capacity, bytes: 1e9 });
  const replay = new Replay(store, {
    layout: { ...COLUMNS, frames: frameStack },
    capacity,
    discount: 0.9,
    unit,
    cacheBytes,
    ...(prioritized ? { prioritized: { alpha: 1, epsilon: 1e-6 } } : {}),
  });
  const episodes = steps.map((count, slot) => makeEpisode(random, slot, 0, count));
  const waiting = episodes.map((episode) => cut(episode, random, longest, () => 0));
  while (waiting.some((chunks) => chunks.length > 0)) {
    const chunk = waiting[random.integer(waiting.length)].shift();
    if (!chunk) continue;
    const { slot, offset, length } = chunk;
    const states = Array.from({ length: length + 1 }, (_, t) => [slot, offset + t]);
    const columns = {
      whose: Int32Array.from({ length }, (_, t) => 100 * slot + offset + t),
      memory: Float32Array.from(states.flat()),
      context: Float32Array.of(slot, offset, length),
    };
    await store.append([encodeChunk({ ...chunk, sequence: sequence(), columns }, COLUMNS)]);
    if (random.uniform() < 0.4) await replay.sync();
  }
  await replay.sync();
  return { replay, store, episodes, random };
}

/** As `expect(…).toEqual`, which takes too long for every number. */
function same(actual: unknown, expected: unknown): void {
  if (String(actual) !== String(expected)) expect(actual).toEqual(expected);
}

/** The steps of a row that are there, as [place in the row, step of the episode], checked against the episodes. */
function stepsOf(batch: SequenceBatch, row: number, given: Case, episodes: readonly Episode[]) {
  const { unit, frameStack } = given;
  const T = unit.burnIn + unit.length;
  const there = Array.from({ length: T }, (_, k) => k).filter((k) => batch.valid[row * T + k] === 1);
  same(there.length > 0, true);
  // Contiguous, and the first step to train on is among them.
  same(
    there,
    Array.from({ length: there.length }, (_, i) => there[0] + i),
  );
  same(there.includes(unit.burnIn), true);
  const width = frameStack * 3;
  const stateAt = (k: number) => {
    const start = (row * (T + 1) + k) * width;
    return Array.from({ length: frameStack }, (_, frame) => [
      ...batch.observations.subarray(start + frame * 3, start + (frame + 1) * 3),
    ]);
  };
  const [slot, number, first] = stateAt(there[0]).at(-1)!;
  const episode = episodes[slot];
  same(number, episode.number);
  const steps = there.map((k, i) => ({ k, t: first + i }));
  for (const { k, t } of steps) {
    const at = row * T + k;
    same(batch.actions[at], episode.actions[t]);
    same(batch.rewards[at], episode.rewards[t]);
    const last = t === episode.actions.length - 1;
    same(batch.discounts[at], last && episode.end === 'terminated' ? 0 : Math.fround(0.9));
    same(batch.begins[at], t === 0 ? 1 : 0);
    same(batch.columns['whose'][at], 100 * slot + t);
  }
  // The states around the steps, with their frames; those beyond repeat the nearest.
  for (let k = 0; k <= T; k++) {
    const t = Math.min(Math.max(first + k - there[0], first), first + there.length);
    const frames = Array.from({ length: frameStack }, (_, i) => {
      const frame = Math.max(0, t - (frameStack - 1) + i);
      return episode.observations[frame];
    });
    same(stateAt(k), frames);
    const memory = (row * (T + 1) + k) * 2;
    same([...batch.columns['memory'].subarray(memory, memory + 2)], [slot, t]);
  }
  for (let k = 0; k < T; k++) {
    if (batch.valid[row * T + k] === 1) continue;
    const at = row * T + k;
    same(
      [batch.actions[at], batch.rewards[at], batch.discounts[at], batch.columns['whose'][at]],
      [0, 0, 0, 0],
    );
  }
  // The context is of the chunk that holds the first step that is there.
  const [of, offset, length] = batch.columns['context'].subarray(row * 3, row * 3 + 3);
  same(of, slot);
  same(first >= offset && first < offset + length, true);
  return steps.map(({ k, t }) => ({ slot, t, trained: k >= unit.burnIn }));
}

describe('sequences', () => {
  it('are contiguous steps of one episode, and every step is in one', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { replay, store, episodes, random } = await fill(given);
        const batch = makeSequenceBatch(given.unit, 16, { ...COLUMNS, frames: given.frameStack });
        const seen = new Set<string>();
        const { transitions } = await store.standing();
        // Steps whose first frames were evicted have no state: at most 2 of each of the 5 episodes.
        const lost = given.capacity < 1000 && given.frameStack > 1 ? 2 * 5 : 0;
        for (let round = 0; round < 8 || (round < 500 && seen.size < transitions - lost); round++) {
          await replay.sample(batch, random);
          for (let row = 0; row < batch.size; row++) {
            for (const { slot, t, trained } of stepsOf(batch, row, given, episodes)) {
              if (trained) seen.add(`${slot} ${t}`);
            }
          }
        }
        expect(seen.size).toBeGreaterThanOrEqual(transitions - lost);
      }),
      { numRuns: 60 },
    );
  });

  it('are drawn as their priorities say, whatever their length', async () => {
    const unit = { kind: 'sequence', burnIn: 2, length: 6, stride: 4 } as const;
    const given: Case = {
      unit,
      steps: [23, 3, 11],
      longest: 5,
      frameStack: 1,
      capacity: 1000,
      cacheBytes: 1 << 20,
      prioritized: true,
      seed: 4,
    };
    const { replay, random } = await fill(given);
    const batch = makeSequenceBatch(unit, 50, COLUMNS);
    const startOf = (row: number) => {
      const start = (row * 9 + 2) * 3;
      return `${batch.observations[start]} ${batch.observations[start + 2]}`;
    };
    // First all alike: what there is.
    const handles = new Map<string, number>();
    for (let round = 0; round < 20; round++) {
      await replay.sample(batch, random);
      for (let row = 0; row < batch.size; row++) handles.set(startOf(row), batch.handles[row]);
    }
    // Every fourth step of each episode: 6 + 1 + 3.
    expect(handles.size).toBe(10);
    const names = [...handles.keys()];
    replay.updatePriorities(
      Int32Array.from(handles.values()),
      Float32Array.from(names, (_, i) => 1 + i),
    );
    const counts = new Map(names.map((name) => [name, 0]));
    const rounds = 400;
    for (let round = 0; round < rounds; round++) {
      await replay.sample(batch, random, { beta: 1 });
      for (let row = 0; row < batch.size; row++) {
        const name = startOf(row);
        counts.set(name, counts.get(name)! + 1);
        // wᵢ = (N·P(i))⁻¹, the largest 1: that of the smallest priority, 1.
        expect(batch.weights[row] * (1 + names.indexOf(name))).toBeCloseTo(
          batch.weights[0] * (1 + names.indexOf(startOf(0))),
          4,
        );
      }
    }
    const statistic = [...counts.values()].reduce((sum, count, i) => {
      const expected = (rounds * 50 * (1 + i)) / 55;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    expect(statistic).toBeLessThan(chiSquareBound(9));
  });

  it('count as the transitions that they train on', async () => {
    const unit = { kind: 'sequence', burnIn: 3, length: 5, stride: 5 } as const;
    const given = { unit, steps: [20], longest: 4, frameStack: 1, capacity: 1000, cacheBytes: 1 << 20 };
    const { replay, random } = await fill({ ...given, prioritized: false, seed: 1 });
    await replay.sample(makeSequenceBatch(unit, 8, COLUMNS), random);
    expect(replay.standing!.sampledTotal).toBe(40);
  });

  it('have one priority each, η·max + (1 − η)·mean', () => {
    const errors = Float32Array.of(1, -3, 2, 9, 0, 5, 7, 7);
    const valid = Float32Array.of(1, 1, 1, 0, 0, 1, 0, 0);
    const out = new Float32Array(2);
    sequencePriorities(errors, valid, 4, 0.9, out);
    expect(out[0]).toBeCloseTo(0.9 * 3 + 0.1 * 2, 6);
    expect(out[1]).toBeCloseTo(5, 6);
  });

  it('refuse a unit that is none', () => {
    const make = (unit: SequenceUnit) => () =>
      new Replay(new MemoryReplayStore(LAYOUT, { transitions: 10, bytes: 1e6 }), {
        layout: LAYOUT,
        capacity: 10,
        discount: 0.9,
        unit,
      });
    expect(make({ kind: 'sequence', burnIn: -1, length: 4, stride: 2 })).toThrow(
      /burnIn is an integer from 0/,
    );
    expect(make({ kind: 'sequence', burnIn: 0, length: 4, stride: 5 })).toThrow(
      /stride is an integer from 1 up to 4, not 5/,
    );
  });
});
