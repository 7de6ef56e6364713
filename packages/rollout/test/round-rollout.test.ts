import { END, type Policy, type Round } from '@qfleet/agents';
import {
  box,
  createVectorEnvironment,
  defineEnvironment,
  discrete,
  type EnvironmentDefinition,
  type VectorEnvironment,
} from '@qfleet/envs';
import { Memory } from '@qfleet/spaces';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, RoundRollout, type RoundRolloutOptions } from '../src/index.ts';
import { countingEnvironment, failingEnvironment } from './fixtures.ts';

/** A policy without parameters: Q(s, a) = 10·t + (a − 1), of states that begin with their step t; greedy, it takes the last action. */
const counting: Policy = {
  load: () => {},
  memory: (rows) => new Memory([], rows),
  act: ({ states, count, values, masks, actions }) => {
    const width = states.length / count;
    for (let i = 0; i < count; i++) {
      for (let a = 0; a < 3; a++) if (values) values[3 * i + a] = valueAt(states[i * width]) + a - 2;
      actions[i] = masks === null || masks[3 * i + 2] ? 2 : 1;
    }
  },
};
/** max Q of a state at step t. */
const valueAt = (t: number): number => 10 * t;

function make(
  definition: EnvironmentDefinition,
  { copies = 3, ...options }: Partial<RoundRolloutOptions> & { readonly copies?: number } = {},
): RoundRollout {
  const rollout = new RoundRollout({
    ...{ definition, layout: layoutOf(definition), policy: counting, writer: 'a', steps: 7, seed: 2 },
    epsilon: () => 0,
    ...options,
  });
  for (let slot = 0; slot < copies; slot++) rollout.addSlot(slot);
  return rollout;
}

/** Plays a round, and gives a copy of it: its memory is used again. */
async function play(rollout: RoundRollout): Promise<Round> {
  rollout.release();
  while (rollout.round === null) await rollout.step();
  return structuredClone(rollout.round);
}

describe('RoundRollout', () => {
  it('tells every step of every slot exactly once, with the value of the state that it led to', async () => {
    const sizes = [fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 30 })] as const;
    await fc.assert(
      fc.asyncProperty(...sizes, async (copies, steps) => {
        const rollout = make(countingEnvironment(), { copies, steps });
        const t = new Array<number>(copies).fill(0);
        const told = [];
        for (let round = 0; round < 3; round++) {
          const { observations, actions, rewards, ends, nextValues } = await play(rollout);
          for (let place = 0; place < copies * steps; place++) {
            const copy = place % copies;
            const last = observations[2 * place + 1];
            expect(observations[2 * place]).toBe(t[copy]);
            expect(actions[place]).toBe(2);
            t[copy]++;
            expect(rewards[place]).toBe(t[copy]);
            const end = t[copy] === last ? END.terminated : t[copy] === 12 ? END.truncated : END.continues;
            expect(ends[place]).toBe(end);
            if (end !== END.terminated) expect(nextValues[place]).toBe(valueAt(t[copy]));
            if (end === END.continues) continue;
            told.push({ slot: copy, length: t[copy], return: (t[copy] * (t[copy] + 1)) / 2 });
            t[copy] = 0;
          }
        }
        expect(rollout.takeEpisodes()).toMatchObject(told);
        expect(rollout.takeEpisodes()).toEqual([]);
        rollout.close();
      }),
      { numRuns: 40 },
    );
  });

  it('plays the same from the same seed', async () => {
    const [first, second, other] = [
      make(countingEnvironment()),
      make(countingEnvironment()),
      make(countingEnvironment(), { seed: 3 }),
    ];
    const expected = await play(first);
    expect(await play(second)).toEqual(expected);
    expect(await play(other)).not.toEqual(expected);
  });

  it('loses the step in which an environment threw, and cuts its episode before it', async () => {
    const told: string[] = [];
    const rollout = make(
      failingEnvironment((episode) => episode === 2),
      { onError: { most: 3 }, onSurvived: ({ message }) => told.push(message) },
    );
    const { ends, nextValues, observations, rewards } = await play(rollout);
    const of = (column: ArrayLike<number>, copy: number) =>
      Array.from({ length: 7 }, (_, step) => column[3 * step + copy]);
    const { continues, truncated, lost } = END;
    expect(of(ends, 0)).toEqual([...new Array(5).fill(continues), truncated, continues]);
    expect(of(ends, 1)).toEqual([continues, continues, truncated, lost, continues, continues, continues]);
    expect(of(nextValues, 1).slice(0, 3)).toEqual([1, 2, 3].map(valueAt));
    expect(of(rewards, 1)).toEqual([1, 1, 1, 0, 1, 1, 1]);
    // The state after the lost step is the first of the next episode.
    expect(
      of(
        observations.filter((_, i) => i % 2 === 0),
        1,
      ),
    ).toEqual([0, 1, 2, 3, 0, 1, 2]);
    expect(told).toEqual([expect.stringContaining('no power')]);
    expect(rollout.takeEpisodes()).toMatchObject([
      { slot: 1, length: 3, return: 3 },
      { slot: 0, length: 6, return: 6 },
      { slot: 2, length: 6, return: 6 },
    ]);
  });

  it('lets slots come and go between rounds; one that comes again goes on in its stream', async () => {
    const rollout = make(countingEnvironment(), { copies: 2 });
    await play(rollout);
    rollout.release();
    const [first, second] = [rollout.episodesOf(0), rollout.episodesOf(1)];
    rollout.removeSlot(0);
    rollout.removeSlot(9);
    rollout.addSlot(5, 40);
    expect(rollout.slots).toEqual([1, 5]);
    expect(rollout.episodesOf(5)).toBe(41);
    expect((await play(rollout)).copies).toBe(2);
    expect(rollout.played).toBe(2 * 7);
    expect(rollout.episodesOf(0)).toBe(first);
    expect(rollout.episodesOf(1)).toBeGreaterThanOrEqual(second);
    rollout.release();
    rollout.addSlot(0);
    expect(rollout.episodesOf(0)).toBe(first + 1);
    const round = await play(rollout);
    expect(round.copies).toBe(3);
    // The slot that came last begins an episode.
    expect(round.observations[2 * 2]).toBe(0);
  });

  it('throws what an environment throws where nothing else was asked for', async () => {
    const rollout = make(failingEnvironment((episode) => episode === 2));
    await expect(play(rollout)).rejects.toThrow('no power');
  });

  it('values what is allowed alone', async () => {
    const masked = defineEnvironment({
      id: 'Masked',
      observationSpace: box({ low: 0, high: 1e6, shape: [2] }),
      actionSpace: discrete(3),
      maxEpisodeSteps: 4,
      masked: true,
      create: () => {
        let t = 0;
        return {
          reset: () => {
            t = 0;
            return [0, 0];
          },
          step: () => ({ observation: [++t, 0], reward: 0, terminated: false }),
          mask: () => [true, true, t % 2 === 0],
        };
      },
    });
    const { actions, nextValues, ends } = await play(make(masked, { copies: 1 }));
    expect([...actions]).toEqual([2, 1, 2, 1, 2, 1, 2]);
    // In odd states the last action, which is worth 1 more, is not allowed; in a last state nobody acts.
    expect([...nextValues]).toEqual([9, 20, 29, 40, 9, 20, 29]);
    expect(ends[3]).toBe(END.truncated);
  });

  it('awaits environments', async () => {
    const definition = countingEnvironment();
    const awaited: EnvironmentDefinition = {
      ...definition,
      createVector: () => {
        const rows = createVectorEnvironment(definition);
        return new Proxy(rows, {
          get: (target, key) => {
            if (key === 'step') {
              return async (actions: Int32Array) => {
                await new Promise((resolve) => setImmediate(resolve));
                target.step(actions);
              };
            }
            const value = Reflect.get(target, key, target) as unknown;
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }) as VectorEnvironment;
      },
    };
    expect(await play(make(awaited))).toEqual(await play(make(definition)));
  });
});
