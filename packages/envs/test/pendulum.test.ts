import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import { createEnvironment, findEnvironment, traceEnvironment } from '../src/index.ts';
import { readReferenceJson } from './support/reference.ts';

interface Episode {
  options: { levels: number; g: number };
  state: number[];
  actions: number[];
  states: string;
  observations: string;
  rewards: string;
}

// Made by Gymnasium itself: see reference/make_pendulum.py.
const { episodes } = readReferenceJson<{ episodes: Episode[] }>('pendulum.json');

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64')).buffer;

/** The largest difference between two lists of numbers, which are as long. */
function apart(ours: readonly number[], theirs: ArrayLike<number>): number {
  expect(ours).toHaveLength(theirs.length);
  return ours.reduce((most, x, i) => Math.max(most, Math.abs(x - theirs[i])), 0);
}

describe('Pendulum moves as Gymnasium moves it, over 200 steps from a set state', () => {
  test.each(episodes.map((episode, index) => ({ index, episode })))('episode $index', ({ episode }) => {
    const { options, state, actions } = episode;
    const trace = traceEnvironment(findEnvironment('Pendulum-v1', { ...options }), { state, actions });
    expect(
      apart((trace.states as number[][]).flat(), new Float64Array(bytesOf(episode.states))),
    ).toBeLessThan(1e-9);
    expect(apart(trace.rewards, new Float64Array(bytesOf(episode.rewards)))).toBeLessThan(1e-9);
    // Float32: the last bit may be rounded the other way.
    const observations = new Float32Array(bytesOf(episode.observations));
    expect(apart((trace.observations as number[][]).flat(), observations)).toBeLessThan(1e-6);
    expect(trace.terminated).not.toContain(true);
    expect(trace.truncated.indexOf(true)).toBe(199);
  });
});

test('a reset draws the angle from ±π and the speed from ±1', () => {
  const environment = createEnvironment(findEnvironment('Pendulum-v1'), new Random(1));
  const observation = new Float32Array(3);
  const [least, most] = [
    [0, 0],
    [0, 0],
  ];
  for (let i = 0; i < 2_000; i++) {
    environment.reset(observation);
    (environment.getState!() as number[]).forEach((x, j) => {
      least[j] = Math.min(least[j], x);
      most[j] = Math.max(most[j], x);
    });
  }
  [Math.PI, 1].forEach((bound, j) => {
    for (const reached of [-least[j], most[j]]) {
      expect(reached).toBeLessThanOrEqual(bound);
      expect(reached).toBeGreaterThan(0.98 * bound);
    }
  });
});
