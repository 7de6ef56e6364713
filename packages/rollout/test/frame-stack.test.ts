import type { Policy } from '@qfleet/agents';
import { box, defineEnvironment, discrete, repeatActions } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { MemoryReplayStore, makeTransitionBatch, Replay } from '@qfleet/replay';
import { Memory } from '@qfleet/spaces';
import { describe, expect, it } from 'vitest';
import { layoutOf, playGreedyEpisodes, Rollout } from '../src/index.ts';
import reference from './reference/stacks.json' with { type: 'json' };

const { lengths } = reference;
const FRAME = 6;

/** The environment of make_stacks.py, from a given episode on. */
const framesFrom = (first: number) =>
  defineEnvironment({
    id: 'Frames',
    observationSpace: box({ low: 0, high: 255, shape: [2, 3], dtype: 'uint8' }),
    actionSpace: discrete(2),
    create: () => {
      let [episode, t] = [first - 1, 0];
      const frame = () => Array.from({ length: FRAME }, (_, i) => 16 * episode + 2 * t + Number(i >= 3));
      return {
        reset: () => {
          [episode, t] = [(episode + 1) % lengths.length, 0];
          return frame();
        },
        step: () => {
          t++;
          return { observation: frame(), reward: 1, terminated: t === lengths[episode] };
        },
      };
    },
  });

/** The first byte of each frame of each row, having seen that frames are whole. */
function stacksOf(states: ArrayLike<number>, rows: number, k: number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: k }, (_, frame) => {
      const bytes = Array.from({ length: FRAME }, (_, i) => states[(row * k + frame) * FRAME + i]);
      const [first] = bytes;
      expect(bytes).toEqual([first, first, first, first + 1, first + 1, first + 1]);
      return first;
    }),
  );
}

/** Tells `seen` the states that it is asked to act in. */
const watching = (k: number, seen: (stacks: number[][]) => void): Policy => ({
  load: () => {},
  memory: (rows) => new Memory([], rows),
  act: ({ states, count, actions }) => {
    actions.fill(0);
    seen(stacksOf(states, count, k));
  },
});

describe.each([2, 4, 6] as const)('a stack of %i frames', (k) => {
  const stacks = reference.stacks[k];
  // An episode's last state is not acted in.
  const actedIn = stacks.map((episode) => episode.slice(0, -1));
  const definition = framesFrom(0);

  it('is Gymnasium’s while acting, with other slots coming and going', () => {
    const rows: number[][][] = [];
    const rollout = new Rollout({
      definition,
      layout: layoutOf(definition, k),
      policy: watching(k, (seen) => rows.push(seen)),
      writer: 'a',
      chunkLength: 4,
      seed: 1,
      epsilon: () => 0,
    });
    rollout.addSlot(7);
    rollout.addSlot(3);
    for (let i = 0; i < 5; i++) rollout.step();
    rollout.removeSlot(7);
    rollout.step();
    rollout.addSlot(5);
    while (rows.length < actedIn.flat().length) rollout.step();
    expect(rows.map((seen, i) => seen[i < 5 ? 1 : 0])).toEqual(actedIn.flat());
    expect(rows.slice(6).map((seen) => seen[1])).toEqual(actedIn.flat().slice(0, rows.length - 6));
  });

  it('is Gymnasium’s in evaluations', async () => {
    const seen: number[][] = [];
    const policy = watching(k, (rows) => seen.push(...rows));
    const played = await playGreedyEpisodes({
      definition: framesFrom(2),
      policy,
      frames: k,
      episodes: 3,
      seed: 1,
      parallel: 1,
    });
    expect(played.lengths).toEqual([7, 7, 7]);
    expect(seen).toEqual([...actedIn[2], ...actedIn[2], ...actedIn[2]]);
  });

  it('has what follows each action, where actions are repeated and time is limited', async () => {
    const seen: number[][] = [];
    const played = await playGreedyEpisodes({
      definition: repeatActions({ ...framesFrom(2), maxEpisodeSteps: 5 }, 2),
      policy: watching(k, (rows) => seen.push(...rows)),
      frames: k,
      episodes: 1,
      seed: 1,
      parallel: 1,
    });
    // Acts at the frames 0, 2 and 4; the last is cut by the limit of 5 inner steps.
    expect(played).toMatchObject({ lengths: [3], returns: [5] });
    const newest = (act: number) => 16 * 2 + 2 * (2 * act);
    const stack = (act: number) =>
      Array.from({ length: k }, (_, i) => newest(Math.max(0, act - (k - 1) + i)));
    expect(seen).toEqual([stack(0), stack(1), stack(2)]);
  });

  it('is Gymnasium’s when it is sampled, and then each frame was stored once', async () => {
    const layout = layoutOf(definition, k);
    const rollout = new Rollout({
      definition,
      layout,
      policy: watching(k, () => {}),
      writer: 'a',
      chunkLength: 3,
      seed: 1,
      epsilon: () => 0,
    });
    const store = new MemoryReplayStore(layout, { transitions: 1000, bytes: 1e6 });
    rollout.addSlot(0);
    const steps = actedIn.flat().length;
    for (let i = 0; i < steps; i++) rollout.step();
    await store.append(rollout.takeChunks());
    const replay = new Replay(store, {
      layout,
      capacity: 1000,
      discount: 0.9,
      unit: { kind: 'transition', nSteps: 1 },
    });
    expect(await replay.sync()).toBe(steps);

    const batch = makeTransitionBatch(512, layout);
    await replay.sample(batch, new Random(1));
    const states = stacksOf(batch.observations, batch.size, k);
    const nexts = stacksOf(batch.nextObservations, batch.size, k);
    const drawn = new Set<number>();
    for (let row = 0; row < batch.size; row++) {
      const newest = states[row][k - 1];
      const [episode, t] = [newest >> 4, (newest & 15) >> 1];
      expect(states[row]).toEqual(stacks[episode][t]);
      expect(nexts[row]).toEqual(stacks[episode][t + 1]);
      drawn.add(newest);
    }
    expect(drawn.size).toBe(steps);
  });
});
