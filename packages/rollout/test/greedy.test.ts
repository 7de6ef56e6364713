import { box, defineEnvironment, discrete } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { playGreedyEpisodes } from '../src/index.ts';
import { countingEnvironment, failingEnvironment, roundRobin } from './fixtures.ts';

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

  it('takes random actions where it is told to, as often as it is told', async () => {
    // Rewards what the policy does not choose: 2 of 3 random actions.
    const definition = defineEnvironment({
      id: 'Unlike',
      observationSpace: box({ low: 0, high: 1e6, shape: [2] }),
      actionSpace: discrete(3),
      maxEpisodeSteps: 1000,
      create: () => {
        let t = 0;
        return {
          reset: () => {
            t = 0;
            return [t, 0];
          },
          step: (action) => {
            const reward = action === t % 3 ? 0 : 1;
            return { observation: [++t, 0], reward, terminated: false };
          },
        };
      },
    });
    const options = { definition, policy: roundRobin, episodes: 10, seed: 4 };
    expect((await playGreedyEpisodes(options)).returns).toEqual(new Array(10).fill(0));
    const { returns } = await playGreedyEpisodes({ ...options, epsilon: 0.3 });
    // 10,000 steps of chance 0.2: a deviation of 40.
    const sum = returns.reduce((total, each) => total + each, 0);
    expect(Math.abs(sum - 2000)).toBeLessThan(160);
    expect((await playGreedyEpisodes({ ...options, epsilon: 0.3 })).returns).toEqual(returns);
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
    const said: string[] = [];
    const result = await playGreedyEpisodes({
      definition: endless,
      policy: roundRobin,
      episodes: 2,
      seed: 1,
      warn: (sentence) => said.push(sentence),
    });
    expect(result).toEqual({ returns: [100_000, 100_000], lengths: [100_000, 100_000], cutShort: 2 });
    expect(new Set(said)).toEqual(
      new Set([expect.stringMatching(/^Episodes of Endless do not end: set maxEpisodeSteps\. /)]),
    );
  });

  it('cuts what does not end, where its patience does, though each step takes its time', async () => {
    const slow = defineEnvironment({
      id: 'Slow',
      observationSpace: box({ low: 0, high: 1, shape: [2] }),
      actionSpace: discrete(3),
      create: () => ({
        reset: () => [0, 0],
        step: () => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
          return { observation: [0, 0], reward: 1, terminated: false };
        },
      }),
    });
    const { returns, cutShort } = await playGreedyEpisodes({
      definition: slow,
      policy: roundRobin,
      episodes: 3,
      seed: 1,
      patience: 0.1,
    });
    expect(cutShort).toBe(3);
    for (const each of returns) expect(each).toBeGreaterThan(0);
  });

  it('plays on where an environment throws, and ends those episodes there', async () => {
    const play = (onError?: { most: number }) => {
      const said: string[] = [];
      const failing = failingEnvironment(() => true);
      const options = {
        definition: failing,
        policy: roundRobin,
        episodes: 6,
        seed: 1,
        ...(onError && { onError }),
      };
      return playGreedyEpisodes({ ...options, warn: (sentence) => said.push(sentence) }).then((result) => ({
        ...result,
        said,
      }));
    };
    const { lengths, cutShort, said } = await play({ most: 6 });
    expect(lengths).toEqual([3, 3, 3, 3, 3, 3]);
    expect(cutShort).toBe(6);
    expect(said).toEqual([
      expect.stringMatching(
        /^Environment Failing, slot 0, episode 1, step 4: no power .* goes on without it\.$/,
      ),
    ]);
    await expect(play()).rejects.toThrow(/^Environment Failing, slot 0, episode 1, step 4: no power/);
    await expect(play({ most: 5 })).rejects.toThrow(/step 4: 6 errors in a row, the last one: no power/);
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
