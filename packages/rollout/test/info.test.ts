import { defineEnvironment, discrete, findEnvironment, repeatActions, type StepInfo } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { layoutOf, meanInfo, playGreedyEpisodes, Rollout } from '../src/index.ts';
import { roundRobin } from './fixtures.ts';

/** Episodes of `length` steps, each telling what `tell` gives for it. */
const telling = (length: number, tell: (step: number, episode: number) => StepInfo | undefined) =>
  defineEnvironment({
    id: 'Telling-v0',
    observationSpace: discrete(1000),
    actionSpace: discrete(3),
    create: () => {
      let step = 0;
      let episode = -1;
      return {
        reset: () => {
          episode++;
          step = 0;
          return 0;
        },
        step: () => {
          step++;
          const info = tell(step, episode);
          return { observation: step, reward: 1, terminated: step === length, ...(info ? { info } : {}) };
        },
      };
    },
  });

function episodesOf(definition: ReturnType<typeof telling>, steps: number, slots = 1) {
  const said: string[] = [];
  const rollout = new Rollout({
    ...{ definition, layout: layoutOf(definition), policy: roundRobin, writer: 'a', chunkLength: 5, seed: 3 },
    epsilon: () => 0,
    onInfoRefused: (sentence) => said.push(sentence),
  });
  for (let slot = 0; slot < slots; slot++) rollout.addSlot(slot);
  for (let i = 0; i < steps; i++) rollout.step();
  return { episodes: rollout.takeEpisodes(), said, refused: rollout.infoRefused };
}

describe('what steps tell in info', () => {
  it('is of each episode the last number under each name, and true and false are numbers', () => {
    const definition = telling(4, (step, episode) => ({
      ...(step === 2 ? { early: 10 * episode } : {}),
      ...{
        at: step,
        crashed: episode === 1,
        text: 'no',
        list: [1],
        nothing: null,
        odd: Number.NaN,
        huge: 1e200,
      },
    }));
    const { episodes } = episodesOf(definition, 8, 2);
    expect(episodes.map(({ slot, info }) => [slot, info])).toEqual([
      [0, { early: 0, at: 4, crashed: 0 }],
      [1, { early: 0, at: 4, crashed: 0 }],
      [0, { early: 10, at: 4, crashed: 1 }],
      [1, { early: 10, at: 4, crashed: 1 }],
    ]);
  });

  it('begins anew with each episode, and costs nothing where there is none', () => {
    const definition = telling(3, (_, episode) => (episode === 0 ? { first: 1 } : undefined));
    expect(episodesOf(definition, 6).episodes.map(({ info }) => info)).toEqual([{ first: 1 }, undefined]);
    const [episode] = episodesOf(
      telling(2, () => undefined),
      2,
    ).episodes;
    expect(episode).not.toHaveProperty('info');
  });

  it('is passed on by wrappers', () => {
    const definition = repeatActions(
      telling(4, (step) => (step === 3 ? { third: 3 } : undefined)),
      4,
    );
    expect(episodesOf(definition, 1).episodes[0].info).toEqual({ third: 3 });
  });

  it('has 16 names at most; others are counted, and named once', () => {
    const many = Object.fromEntries(Array.from({ length: 18 }, (_, i) => [`n${i}`, i]));
    const definition = telling(2, () => ({ 'no name': 1, ...many, ['x'.repeat(33)]: 1, 7: 1 }));
    const { episodes, said, refused } = episodesOf(definition, 10);
    expect(episodes).toHaveLength(5);
    for (const { info } of episodes) expect(Object.keys(info!)).toEqual(Object.keys(many).slice(0, 16));
    expect(refused).toBe(10 * 5);
    const rule =
      'a name is letters, digits, "_", ".", "/" and "-", at most 32, and begins with a letter or "_".';
    expect(said).toEqual([
      `Telling-v0 tells "7" in info, which is not reported: ${rule}`,
      `Telling-v0 tells "no name" in info, which is not reported: ${rule}`,
      'Telling-v0 tells more than 16 numbers in info: "n16" is not reported.',
      'Telling-v0 tells more than 16 numbers in info: "n17" is not reported.',
      `Telling-v0 tells "${'x'.repeat(33)}" in info, which is not reported: ${rule}`,
    ]);
  });

  it('has means over the episodes of an evaluation that told it, however many are played side by side', async () => {
    const definition = findEnvironment('highway-fast-v0');
    const play = (parallel: number) =>
      playGreedyEpisodes({ definition, policy: roundRobin, episodes: 12, seed: 1, parallel });
    const { info, lengths } = await play(12);
    // An episode is cut at 30 steps unless it ends in a crash.
    expect(info!['crashed']).toBe(lengths.filter((length) => length < 30).length / 12);
    expect(info!['crashed']).toBeGreaterThan(0);
    expect(info!['speed']).toBeGreaterThan(15);
    expect(info!['speed']).toBeLessThan(35);
    expect((await play(5)).info).toEqual(info);
  });

  it('is averaged by names', () => {
    expect(meanInfo([undefined, undefined])).toBeUndefined();
    expect(meanInfo([{ a: 1, b: 2 }, undefined, { a: 2 }])).toEqual({ a: 1.5, b: 2 });
  });
});
