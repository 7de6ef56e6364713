import type { Policy } from '@qfleet/agents';
import { box, defineEnvironment, discrete } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import {
  type ColumnSpec,
  decodeChunk,
  type Layout,
  MemoryReplayStore,
  makeSequenceBatch,
  Replay,
} from '@qfleet/replay';
import { Memory } from '@qfleet/spaces';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, playGreedyEpisodes, Rollout } from '../src/index.ts';

const HASH: ColumnSpec = { name: 'core/hash', dtype: 'int32', shape: [2], cadence: 'state' };
const COUNT: ColumnSpec = { name: 'core/count', dtype: 'float32', shape: [], cadence: 'chunk' };

/** What the policy remembers after an observation: an order-sensitive hash of all of the episode, and their number. */
const hashed = (hash: number, draw: number): number => (Math.imul(hash, 31) + draw + 1) | 0;

/** Gives a draw from the slot's stream at each step; ends, is truncated or throws after a number of steps so drawn. */
const drawing = (masked: boolean) =>
  defineEnvironment({
    id: 'Drawing',
    observationSpace: box({ low: 0, high: 1e6, shape: [1], dtype: 'int32' }),
    actionSpace: discrete(3),
    maxEpisodeSteps: 9,
    ...(masked ? { masked: true } : {}),
    create: (random) => {
      let left = 0;
      const next = () => [random.integer(1e6)];
      return {
        reset: () => {
          left = 1 + random.integer(14);
          return next();
        },
        step: () => {
          if (--left === 0 && random.uniform() < 0.3) throw new Error('no power');
          return { observation: next(), reward: 1, terminated: left <= 0 };
        },
        ...(masked ? { mask: () => [1, 1, 0] } : {}),
      };
    },
  });

/**
 * Remembers a hash of its episode's observations. It holds the rollout to its word: where an episode begins there is
 * nothing in memory, and elsewhere as many observations as the episode had.
 */
const remembering: Policy = {
  load: () => {},
  memory: (rows) => new Memory([HASH, COUNT], rows),
  act: ({ count, states, begins, memory, actions, values }) => {
    const { [HASH.name]: hash, [COUNT.name]: seen } = memory.values;
    for (let i = 0; i < count; i++) {
      expect(seen[i] === 0).toBe(begins[i] === 1);
      hash[2 * i] = hashed(hash[2 * i], states[i]);
      hash[2 * i + 1] = states[i];
      seen[i]++;
      actions[i] = hash[2 * i] & 1;
    }
    values?.fill(0);
  },
};

const rolloutOf = (layout: Layout, masked: boolean, chunkLength: number, tdErrors: boolean) =>
  new Rollout({
    definition: drawing(masked),
    layout,
    policy: remembering,
    writer: 'w',
    chunkLength,
    seed: 5,
    epsilon: () => 0,
    onError: { most: 1000 },
    ...(tdErrors ? { tdErrors: { discount: 0.9, nSteps: 2 } } : {}),
  });

/** Steps, slots that come, and slots that leave. */
const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ steps: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 5 }) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: 0, max: 5 }) }) },
  ),
  { minLength: 3, maxLength: 40 },
);

describe('a policy’s memory', () => {
  it('in chunks is what the episode replayed gives, whichever slots come, leave, end or fail', () => {
    fc.assert(
      fc.property(
        moves,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.boolean(),
        (each, chunkLength, masked, tdErrors) => {
          const layout = layoutOf(drawing(masked), 1, [HASH, COUNT]);
          const rollout = rolloutOf(layout, masked, chunkLength, tdErrors);
          rollout.addSlot(9);
          for (const move of each) {
            if ('steps' in move) for (let i = 0; i < move.steps; i++) rollout.step();
            else if ('remove' in move) rollout.removeSlot(move.remove);
            else if (!rollout.slots.includes(move.add)) rollout.addSlot(move.add);
          }
          for (const slot of rollout.slots) rollout.removeSlot(slot);
          const after = new Map<string, [hash: number, observation: number, seen: number]>();
          for (const bytes of rollout.takeChunks()) {
            const { slot, episode, offset, length, observations, columns } = decodeChunk(bytes, layout, true);
            const key = `${slot} ${episode}`;
            let [hash, last, seen] = offset === 0 ? [0, 0, 0] : after.get(key)!;
            expect([...columns![COUNT.name]]).toEqual([seen]);
            for (let t = 0; t <= length; t++) {
              expect([...columns![HASH.name].subarray(2 * t, 2 * t + 2)]).toEqual([hash, last]);
              if (t === length) break;
              [hash, last, seen] = [hashed(hash, observations[t]), observations[t], seen + 1];
            }
            expect(seen).toBe(offset + length);
            after.set(key, [hash, last, seen]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('comes with sampled sequences, each with the memory before its states', async () => {
    const layout = layoutOf(drawing(false), 1, [HASH, COUNT]);
    const rollout = rolloutOf(layout, false, 3, false);
    for (const slot of [0, 1]) rollout.addSlot(slot);
    for (let step = 0; step < 200; step++) rollout.step();
    const store = new MemoryReplayStore(layout, { transitions: 1000, bytes: 1e7 });
    await store.append(rollout.takeChunks());
    const unit = { kind: 'sequence', burnIn: 1, length: 4, stride: 1, nSteps: 1 } as const;
    const replay = new Replay(store, { layout, capacity: 1000, discount: 0.9, unit });
    await replay.sync();
    const batch = makeSequenceBatch(unit, 64, layout);
    await replay.sample(batch, new Random(1));
    const hash = batch.columns[HASH.name];
    let compared = 0;
    for (let row = 0; row < 64; row++) {
      for (let t = 0; t < 5; t++) {
        const at = row * 6 + t;
        if (batch.valid[row * 5 + t] === 0) continue;
        if (batch.begins[row * 5 + t] === 1) expect(hash[2 * at]).toBe(0);
        expect(hash[2 * (at + 1)]).toBe(hashed(hash[2 * at], batch.observations[at]));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('is kept for evaluations, and need not be stored', async () => {
    const played = await playGreedyEpisodes({
      definition: drawing(true),
      policy: remembering,
      episodes: 40,
      seed: 3,
      parallel: 7,
      onError: { most: 1000 },
    });
    expect(played.returns.length).toBe(40);
    const layout = layoutOf(drawing(false));
    const rollout = rolloutOf(layout, false, 4, true);
    rollout.addSlot(0);
    for (let i = 0; i < 50; i++) rollout.step();
    expect(decodeChunk(rollout.takeChunks()[0], layout, true).columns).toBeUndefined();
  });

  it('that the layout has and the policy has not is refused in a sentence', () => {
    const rollout = rolloutOf(
      layoutOf(drawing(false), 1, [HASH, { ...COUNT, name: 'core/other' }]),
      false,
      4,
      false,
    );
    expect(() => rollout.addSlot(0)).toThrow(/A row of column core\/other has 1 elements, not 0/);
  });
});
