import { box, defineEnvironment, discrete } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { playGreedyEpisodes } from '../src/index.ts';
import { countingEnvironment, roundRobin } from './fixtures.ts';

describe('playGreedyEpisodes', () => {
  const definition = countingEnvironment(50);
  const play = (parallel: number, seed = 5) =>
    playGreedyEpisodes({ definition, policy: roundRobin, episodes: 40, seed, parallel });

  it('gives the same returns however many it plays side by side', async () => {
    const one = await play(1);
    expect(one.returns).toHaveLength(40);
    expect(one.returns).toEqual(one.lengths.map((n) => (n * (n + 1)) / 2));
    expect(new Set(one.lengths).size).toBeGreaterThan(10);
    expect(await play(7)).toEqual(one);
    expect(await play(64)).toEqual(one);
  });

  it('gives other returns from another seed', async () => {
    expect(await play(8, 6)).not.toEqual(await play(8, 5));
  });

  it('cuts an episode that would never end', async () => {
    const endless = defineEnvironment({
      id: 'Endless',
      observationSpace: box({ low: 0, high: 1, shape: [2] }),
      actionSpace: discrete(3),
      create: () => ({
        reset: () => [0, 0],
        step: () => ({ observation: [0, 0], reward: 1, terminated: false }),
      }),
    });
    const result = await playGreedyEpisodes({
      definition: endless,
      policy: roundRobin,
      episodes: 2,
      seed: 1,
    });
    expect(result).toEqual({ returns: [100_000, 100_000], lengths: [100_000, 100_000] });
  });

  it('stops when it is cancelled, with the episodes that are done', async () => {
    let asked = 0;
    const result = await playGreedyEpisodes({
      definition,
      policy: roundRobin,
      episodes: 40,
      seed: 5,
      parallel: 4,
      cancelled: () => ++asked > 60,
    });
    expect(result.returns.length).toBeGreaterThan(0);
    expect(result.returns.length).toBeLessThan(40);
  });
});
