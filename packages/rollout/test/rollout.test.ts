import type { Policy } from '@qfleet/agents';
import { box, defineEnvironment, discrete, type EnvironmentDefinition, findEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { type Chunk, decodeChunk, MemoryReplayStore, makeTransitionBatch, Replay } from '@qfleet/replay';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, Rollout, type RolloutOptions } from '../src/index.ts';
import { countingEnvironment, failingEnvironment, roundRobin } from './fixtures.ts';

function makeRollout(
  definition: EnvironmentDefinition,
  options: { epsilon?: number } & Partial<Omit<RolloutOptions, 'epsilon'>> = {},
) {
  const layout = layoutOf(definition);
  const { writer = 'a', chunkLength = 5, epsilon = 0, policy = roundRobin, ...others } = options;
  const rollout = new Rollout({
    definition,
    layout,
    policy,
    writer,
    chunkLength,
    seed: 3,
    epsilon: () => epsilon,
    ...others,
  });
  return { rollout, decode: (bytes: Uint8Array): Chunk => decodeChunk(bytes, layout, true) };
}

describe('Rollout', () => {
  it('tells every step of every slot exactly once, in order, whatever the chunk length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (chunkLength, slots, steps) => {
          const definition = countingEnvironment();
          const { rollout, decode } = makeRollout(definition, { chunkLength });
          for (let slot = 0; slot < slots; slot++) rollout.addSlot(slot);
          let done = 0;
          for (let i = 0; i < steps; i++) done += rollout.step() as number;
          for (let slot = 0; slot < slots; slot++) rollout.removeSlot(slot);
          const chunks = rollout.takeChunks().map(decode);
          expect(done).toBe(slots * steps);
          expect(chunks.map((chunk) => chunk.sequence)).toEqual(chunks.map((_, i) => i));
          expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(done);
          for (let slot = 0; slot < slots; slot++) {
            let t = 0;
            let total = 0;
            for (const chunk of chunks.filter((each) => each.slot === slot)) {
              expect(chunk.offset).toBe(t);
              for (let k = 0; k < chunk.length; k++) {
                expect(chunk.observations[2 * k]).toBe(t);
                expect(chunk.actions[k]).toBe(t % 3);
                expect(chunk.rewards[k]).toBe(++t);
                total += t;
              }
              const last = chunk.observations[2 * chunk.length + 1];
              expect(chunk.observations[2 * chunk.length]).toBe(t);
              expect(chunk.episodeReturn).toBe(total);
              // The environment's own last step wins over the time limit that falls on the same step.
              expect(chunk.end).toBe(t === last ? 'terminated' : t === 12 ? 'truncated' : 'continues');
              if (chunk.end !== 'continues') t = total = 0;
            }
          }
        },
      ),
    );
  });

  it('is the same from the same seed and writer, and another from another writer', () => {
    const bytes = (writer: string): string => {
      const { rollout } = makeRollout(countingEnvironment(), { writer, epsilon: 0.5 });
      for (const slot of [0, 1, 2]) rollout.addSlot(slot);
      for (let i = 0; i < 100; i++) rollout.step();
      return Buffer.concat(rollout.takeChunks()).toString('hex');
    };
    expect(bytes('a')).toBe(bytes('a'));
    expect(bytes('a')).not.toBe(bytes('b'));
  });

  it('keeps the other slots going where one comes or goes', () => {
    const { rollout, decode } = makeRollout(countingEnvironment(1000), { chunkLength: 1000 });
    rollout.addSlot(7);
    rollout.step();
    rollout.addSlot(4);
    rollout.step();
    rollout.removeSlot(7);
    expect(rollout.slots).toEqual([4]);
    rollout.step();
    rollout.removeSlot(4);
    const chunks = rollout.takeChunks().map(decode);
    expect(chunks.map((chunk) => [chunk.slot, Array.from(chunk.rewards)])).toEqual([
      [7, [1, 2]],
      [4, [1, 2]],
    ]);
    expect(rollout.step()).toBe(0);
  });

  it('goes on with the stream and the episode numbers of a slot that comes again', () => {
    const definition = findEnvironment('CartPole-v1', {});
    const { rollout, decode } = makeRollout(definition, { chunkLength: 1000 });
    const starts: string[] = [];
    const episodes: number[] = [];
    const play = (before?: number): void => {
      rollout.addSlot(3, before);
      rollout.step();
      rollout.removeSlot(3);
      const chunk = decode(rollout.takeChunks()[0]);
      starts.push(chunk.observations.slice(0, 4).join());
      episodes.push(chunk.episode);
    };
    play();
    play();
    expect(rollout.episodesOf(3)).toBe(2);
    // Meanwhile it was elsewhere.
    play(12);
    play(5);
    expect(new Set(starts).size).toBe(4);
    expect(episodes).toEqual([0, 1, 12, 13]);
    expect(rollout.episodesOf(3)).toBe(14);
    expect(rollout.episodesOf(4)).toBe(0);
  });

  it('reports each finished episode with its return, length and epsilon', () => {
    const { rollout } = makeRollout(countingEnvironment(4), { epsilon: 0.25 });
    rollout.addSlot(0);
    rollout.weightsVersion = 9;
    for (let i = 0; i < 40; i++) rollout.step();
    const episodes = rollout.takeEpisodes();
    expect(episodes.length).toBeGreaterThan(5);
    for (const { length, ...episode } of episodes) {
      expect(episode).toEqual({
        slot: 0,
        return: (length * (length + 1)) / 2,
        epsilon: 0.25,
        weightsVersion: 9,
      });
    }
    expect(rollout.takeEpisodes()).toEqual([]);
  });

  it('acts on float16 observations as they are stored', () => {
    const definition = defineEnvironment({
      id: 'Thirds',
      observationSpace: box({ low: 0, high: 100, shape: [2], dtype: 'float16' }),
      actionSpace: discrete(3),
      create: () => {
        let t = 0;
        return {
          reset: () => [0, 1 / 7],
          step: () => ({ observation: [++t / 3, 1 / 7], reward: 1, terminated: t === 9 }),
        };
      },
    });
    const seen: number[] = [];
    const { rollout, decode } = makeRollout(definition, {
      chunkLength: 100,
      policy: {
        ...roundRobin,
        act: (rows) => {
          seen.push(...rows.states);
          roundRobin.act(rows);
        },
      },
    });
    rollout.addSlot(0);
    while (rollout.takeEpisodes().length === 0) rollout.step();
    const [chunk] = rollout.takeChunks().map(decode);
    expect(chunk.observations).toBeInstanceOf(Float16Array);
    expect([...chunk.observations.subarray(0, -2)]).toEqual(seen);
    expect(seen.slice(-2)).toEqual([Math.f16round(8 / 3), Math.f16round(1 / 7)]);
  });

  it('gives chunks the TD errors that the learner would find, and values no more states than it must', async () => {
    const definition = countingEnvironment();
    const layout = layoutOf(definition);
    // Q(s, a) of the observation [t, last], for the learner and the actor alike.
    const q = (t: number, last: number, a: number) => Math.fround(Math.sin(t + 3 * a) + last / 10);
    let [calls, rowsAsked] = [0, 0];
    const policy: Policy = {
      ...roundRobin,
      act: (rows) => {
        const { states, count, values } = rows;
        calls++;
        rowsAsked += count;
        roundRobin.act(rows);
        for (let i = 0; i < count * 3; i++) {
          const row = Math.floor(i / 3);
          values![i] = q(states[2 * row], states[2 * row + 1], i % 3);
        }
      },
    };
    const [discount, nSteps] = [0.9, 3];
    const rollout = new Rollout({
      definition,
      layout,
      policy,
      writer: 'a',
      chunkLength: 5,
      seed: 3,
      epsilon: () => 0.5,
      tdErrors: { discount, nSteps },
    });
    for (const slot of [0, 1, 2]) rollout.addSlot(slot);
    for (let i = 0; i < 200; i++) rollout.step();
    const open = rollout.slots.length;
    for (const slot of [0, 1, 2]) rollout.removeSlot(slot);
    const bytes = rollout.takeChunks();
    const chunks = bytes.map((each) => decodeChunk(each, layout, true));
    expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(600);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, i) => i));
    const truncated = chunks.filter(({ end }) => end === 'truncated').length;
    expect(truncated).toBeGreaterThan(0);
    expect(calls - 200).toBeGreaterThanOrEqual(truncated);
    expect(calls - 200).toBeLessThanOrEqual(truncated + open);
    expect(rowsAsked - 600).toBe(calls - 200);

    // The learner's returns of each chunk as it comes: before the next of its episode is there.
    for (const [i, chunk] of chunks.entries()) {
      const store = new MemoryReplayStore(layout, { transitions: 100, bytes: 1e9 });
      await store.append([bytes[i]]);
      const replay = new Replay(store, {
        layout,
        capacity: 100,
        discount,
        unit: { kind: 'transition', nSteps },
      });
      await replay.sync();
      const batch = makeTransitionBatch(64, layout);
      await replay.sample(batch, new Random(i));
      for (let row = 0; row < batch.size; row++) {
        const [t, last] = batch.observations.subarray(2 * row);
        const [next, nextLast] = batch.nextObservations.subarray(2 * row);
        const best = Math.max(...[0, 1, 2].map((a) => q(next, nextLast, a)));
        const delta = batch.returns[row] + batch.discounts[row] * best - q(t, last, batch.actions[row]);
        expect(chunk.priorities![t - chunk.offset]).toBeCloseTo(Math.abs(delta), 4);
      }
    }
  });

  it('adds no slot whose environment cannot be reset, and keeps the others', () => {
    let made = 0;
    const failing = defineEnvironment({
      ...countingEnvironment(1000),
      create: () => {
        const fails = ++made === 2;
        return {
          reset: () => (fails ? [1, 2, 3] : [0, 900]),
          step: () => ({ observation: [0, 900], reward: 1, terminated: false }),
        };
      },
    });
    const { rollout, decode } = makeRollout(failing);
    rollout.addSlot(0);
    expect(() => rollout.addSlot(5)).toThrow(
      /slot 5, episode 1, step 0: the observation has 3 elements: shape \[2\] has 2/,
    );
    expect(rollout.slots).toEqual([0]);
    expect(rollout.step()).toBe(1);
    rollout.removeSlot(5);
    rollout.removeSlot(0);
    expect(rollout.takeChunks().map((bytes) => decode(bytes).slot)).toEqual([0]);
  });

  it('never stores the transition of a step that gave NaN, and names the place', () => {
    const counting = countingEnvironment(1000);
    const broken = defineEnvironment({
      ...counting,
      id: 'Broken',
      create: () => {
        let t = 0;
        return {
          reset: () => [0, 900],
          step: () => ({ observation: [++t, 900], reward: t === 4 ? Number.NaN : t, terminated: false }),
        };
      },
    });
    const { rollout, decode } = makeRollout(broken, { chunkLength: 100 });
    rollout.addSlot(2);
    expect(() => {
      for (let i = 0; i < 10; i++) rollout.step();
    }).toThrow(/Broken, slot 2, episode 1, step 4.*reward is NaN/);
    rollout.removeSlot(2);
    expect(rollout.takeChunks().map((bytes) => Array.from(decode(bytes).rewards))).toEqual([[1, 2, 3]]);
  });

  describe('where an environment throws and may be made again', () => {
    /** Steps a slot, and gives its chunks and finished episodes. */
    const play = (
      fails: (episode: number) => boolean,
      steps: number,
      options: Partial<Omit<RolloutOptions, 'epsilon'>> = {},
    ) => {
      const survived: string[] = [];
      const { rollout, decode } = makeRollout(failingEnvironment(fails), {
        chunkLength: 100,
        onError: { most: 3 },
        onSurvived: ({ message }) => survived.push(message),
        ...options,
      });
      rollout.addSlot(2);
      for (let i = 0; i < steps; i++) rollout.step();
      return { survived, chunks: rollout.takeChunks().map(decode), episodes: rollout.takeEpisodes() };
    };

    it('truncates its episode at the last step that it gave, and begins the next', () => {
      const { survived, chunks, episodes } = play((episode) => episode === 2, 6 + 4 + 6);
      expect(survived).toEqual([
        expect.stringMatching(/^Environment Failing, slot 2, episode 2, step 4: no power/),
      ]);
      expect(chunks.map(({ episode, end, rewards }) => [episode, end, rewards.length])).toEqual([
        [0, 'truncated', 6],
        [1, 'truncated', 3],
        [2, 'truncated', 6],
      ]);
      // What the truncation is bootstrapped from: the last observation that was given.
      expect([...chunks[1].observations].slice(-2)).toEqual([3, 2]);
      expect(episodes.map(({ length }) => length)).toEqual([6, 3, 6]);
    });

    it('also where the step before closed a chunk, and where chunks carry TD errors', () => {
      const tdErrors = { discount: 0.9, nSteps: 1 };
      const policy: Policy = {
        ...roundRobin,
        act: ({ states, count, actions, values }) => {
          for (let i = 0; i < count; i++) {
            actions[i] = 0;
            values?.fill(states[2 * i], 3 * i, 3 * i + 3);
          }
        },
      };
      const { chunks } = play((episode) => episode === 1, 10, { chunkLength: 3, tdErrors, policy });
      expect(chunks.map(({ episode, end, rewards }) => [episode, end, rewards.length])).toEqual([
        [0, 'continues', 3],
        [1, 'continues', 3],
        [1, 'truncated', 3],
      ]);
      // |1 + 0.9 · (t + 1) − t| at t = 2.
      expect(chunks[0].priorities?.at(-1)).toBeCloseTo(1.7);
    });

    it('gives up after too many in a row, and counts anew after an episode that ended well', () => {
      expect(() => play(() => true, 4 * 4)).toThrow(
        /^Environment Failing, slot 2, episode 4, step 4: 4 errors in a row, the last one: no power/,
      );
      const { survived } = play((episode) => episode % 3 !== 0, 3 * (4 + 4 + 6));
      expect(survived).toHaveLength(6);
    });
  });
});
