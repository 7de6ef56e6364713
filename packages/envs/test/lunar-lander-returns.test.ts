import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import { createEnvironment, findEnvironment } from '../src/index.ts';
import { sameDistribution } from './support/kolmogorov-smirnov.ts';
import { readReferenceJson } from './support/reference.ts';

/** Episodes of each policy. LUNAR_LANDER_EPISODES=1000 holds as many against Gymnasium's as are stored. */
const EPISODES = Number(process.env.LUNAR_LANDER_EPISODES ?? 150);

// 1,000 episodes of each, as Gymnasium itself played them: see reference/make_lunar_lander.py.
const { returns } = readReferenceJson<{
  returns: Record<'random' | 'heuristic', [number, number][]>;
}>('lunar-lander.json');

/** The heuristic of Gymnasium's `lunar_lander.py`. */
function heuristic(s: Float32Array): number {
  const angle = Math.min(Math.max(0.5 * s[0] + s[2], -0.4), 0.4);
  const standing = s[6] === 1 || s[7] === 1;
  const turn = standing ? 0 : 0.5 * (angle - s[4]) - s[5];
  const climb = standing ? -0.5 * s[3] : 0.5 * (0.55 * Math.abs(s[0]) - s[1]) - 0.5 * s[3];
  if (climb > Math.abs(turn) && climb > 0.05) return 2;
  if (turn < -0.05) return 3;
  return turn > 0.05 ? 1 : 0;
}

/** Returns and lengths of episodes. */
function play(policy: (observation: Float32Array) => number): [number, number][] {
  const environment = createEnvironment(findEnvironment('LunarLander-v3'), new Random(7));
  const observation = new Float32Array(8);
  const outcome = { reward: 0, terminated: false, truncated: false };
  return Array.from({ length: EPISODES }, () => {
    environment.reset(observation);
    let total = 0;
    let steps = 0;
    do {
      environment.step(policy(observation), observation, outcome);
      total += outcome.reward;
      steps++;
    } while (!outcome.terminated && !outcome.truncated);
    return [total, steps];
  });
}

test('the test tells distributions apart, and takes equal ones as equal', () => {
  const sample = (from: number) => Array.from({ length: 150 }, (_, i) => from + i);
  expect(sameDistribution(sample(0), sample(0))).toBe(1);
  // scipy.stats.ks_2samp(range(150), range(20, 170), method='asymp')
  expect(sameDistribution(sample(0), sample(20))).toBeCloseTo(0.127, 2);
  expect(sameDistribution(sample(0), sample(50))).toBeLessThan(1e-6);
});

describe('episodes return and last as Gymnasium’s do', () => {
  const random = new Random(8);
  test.each([
    ['random', () => random.integer(4)],
    ['heuristic', heuristic],
  ] as const)('of the %s policy', { timeout: 300_000 }, (name, policy) => {
    const ours = play(policy);
    for (const of of [0, 1] as const) {
      const probability = sameDistribution(
        ours.map((episode) => episode[of]),
        returns[name].map((episode) => episode[of]),
      );
      expect(probability, of === 0 ? 'returns' : 'lengths').toBeGreaterThan(0.01);
    }
  });
});
