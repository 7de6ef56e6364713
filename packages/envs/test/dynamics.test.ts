import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  allocateObservations,
  createEnvironment,
  type EnvironmentOptions,
  findEnvironment,
  observationSize,
} from '../src/index.ts';
import { readReferenceJson } from './support/reference.ts';

// Made by Gymnasium itself: see reference/make_traces.py.
interface Episode {
  state: string;
  maxEpisodeSteps: number | null;
  actions: string;
  observations: string;
  rewards: string;
  terminated: string;
  truncated: string;
}

interface Table {
  id: string;
  options: EnvironmentOptions;
  states: number;
  actions: number;
  maxEpisodeSteps: number | null;
  solvedReturn: number | null;
  starts: string;
  transitions: string;
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

const numbers = (text: string): number[] => text.split(' ').map(Number);

/** Plays an episode's actions from its state, through the time limit. */
function replay(id: string, episode: Episode) {
  const options = episode.maxEpisodeSteps === null ? {} : { max_episode_steps: episode.maxEpisodeSteps };
  const definition = findEnvironment(id, options);
  const environment = createEnvironment(definition, new Random(0));
  const size = observationSize(definition.observationSpace);
  const observations = new Float32Array((episode.actions.length + 1) * size);
  const rewards = new Float32Array(episode.actions.length);
  let terminated = '';
  let truncated = '';
  const outcome = { reward: 0, terminated: false, truncated: false };
  environment.setState?.(numbers(episode.state), observations.subarray(0, size));
  for (let t = 0; t < episode.actions.length; t++) {
    const row = observations.subarray((t + 1) * size, (t + 2) * size);
    environment.step(Number(episode.actions[t]), row, outcome);
    rewards[t] = outcome.reward;
    terminated += Number(outcome.terminated);
    truncated += Number(outcome.truncated);
  }
  return { observations, rewards, terminated, truncated };
}

/**
 * CartPole and MountainCar agree bit for bit. Acrobot's first state is a float32 array in Gymnasium, whose
 * cosines NumPy computes in float32: there we differ by one unit in the last place (1.2e-7).
 */
describe.each([
  ['cartpole', 2_500, 0],
  ['mountain-car', 2_000, 0],
  ['acrobot', 3_000, 1e-6],
])('%s moves as Gymnasium moves it', (name, atLeast, tolerance) => {
  const { id, episodes } = readReferenceJson<{ id: string; episodes: Episode[] }>(`${name}.json`);

  test('over enough steps', () => {
    expect(episodes.reduce((steps, { actions }) => steps + actions.length, 0)).toBeGreaterThan(atLeast);
  });

  test.each(episodes.map((episode, index) => ({ index, episode })))('episode $index', ({ episode }) => {
    const played = replay(id, episode);
    const observations = floats(episode.observations);
    if (tolerance === 0) expect(played.observations).toEqual(observations);
    else {
      const apart = played.observations.reduce(
        (max, x, i) => Math.max(max, Math.abs(x - observations[i])),
        0,
      );
      expect(apart).toBeLessThanOrEqual(tolerance);
    }
    expect(played.rewards).toEqual(floats(episode.rewards));
    expect(played.terminated).toBe(episode.terminated);
    expect(played.truncated).toBe(episode.truncated);
  });
});

describe('tabular environments have the transition tables of Gymnasium', () => {
  const tables = readReferenceJson<Table[]>('tables.json');

  test.each([
    ...tables,
    ...tables
      .filter(({ id }) => /^(CliffWalking|Taxi)-/.test(id))
      .map((table) => ({ ...table, id: table.id.replace('Walking-v1', 'Walking-v0').replace('-v4', '-v3') })),
  ])('$id $options', (table) => {
    const definition = findEnvironment(table.id, table.options);
    expect(definition.observationSpace).toEqual({ kind: 'discrete', n: table.states });
    expect(definition.actionSpace.n).toBe(table.actions);
    expect(definition.maxEpisodeSteps).toBe(table.maxEpisodeSteps);
    expect(definition.solvedReturn).toBe(table.solvedReturn);
    const ours: number[][] = [];
    for (let state = 0; state < table.states; state++) {
      for (let action = 0; action < table.actions; action++) {
        const outcomes = definition.transitions?.(state, action) ?? [];
        ours.push(
          outcomes.flatMap(({ probability, next, reward, terminated }) => [
            probability,
            next,
            reward,
            Number(terminated),
          ]),
        );
      }
    }
    expect(ours).toEqual(table.transitions.split('; ').map((row) => numbers(row.replaceAll('|', ' '))));
  });

  test.each(tables)('$id $options starts where Gymnasium starts it, and nowhere else', (table) => {
    const definition = findEnvironment(table.id, table.options);
    const environment = createEnvironment(definition, new Random(1));
    const observation = allocateObservations(definition.observationSpace);
    const seen = new Set<number>();
    for (let i = 0; i < 6_000; i++) {
      environment.reset(observation);
      seen.add(observation[0]);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(numbers(table.starts));
  });

  test('what is sampled follows the table', () => {
    const definition = findEnvironment('FrozenLake-v1', { success_rate: 0.5 });
    const environment = createEnvironment(definition, new Random(5));
    const observation = allocateObservations(definition.observationSpace);
    const outcome = { reward: 0, terminated: false, truncated: false };
    // From square 1, right: to 2 as meant; astray to the hole at 5, or up, which the edge stops at 1.
    const counts = new Map<number, number>();
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      environment.setState?.([1], observation);
      environment.step(2, observation, outcome);
      counts.set(observation[0], (counts.get(observation[0]) ?? 0) + 1);
      expect(outcome).toEqual({ reward: 0, terminated: observation[0] === 5, truncated: false });
    }
    const chi2 = [
      [2, 0.5],
      [5, 0.25],
      [1, 0.25],
    ].reduce((sum, [state, p]) => sum + ((counts.get(state) ?? 0) - p * draws) ** 2 / (p * draws), 0);
    // The 99.9th percentile of χ² with 2 degrees of freedom.
    expect(chi2).toBeLessThan(13.8);
  });
});

describe('a reset draws as Gymnasium draws', () => {
  test.each([
    ['CartPole-v1', [-0.05, -0.05, -0.05, -0.05], [0.05, 0.05, 0.05, 0.05]],
    ['MountainCar-v0', [-0.6, 0], [-0.4, 0]],
    [
      'Acrobot-v1',
      [Math.cos(0.1), -Math.sin(0.1), Math.cos(0.1), -Math.sin(0.1), -0.1, -0.1],
      [1, 0.1, 1, 0.1, 0.1, 0.1],
    ],
  ])('%s: over the whole of its range', (id, low, high) => {
    const definition = findEnvironment(id);
    const environment = createEnvironment(definition, new Random(3));
    const observation = allocateObservations(definition.observationSpace);
    const least = low.map(() => Number.POSITIVE_INFINITY);
    const most = low.map(() => Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 2_000; i++) {
      environment.reset(observation);
      observation.forEach((x, j) => {
        least[j] = Math.min(least[j], x);
        most[j] = Math.max(most[j], x);
      });
    }
    for (let j = 0; j < low.length; j++) {
      const slack = (high[j] - low[j]) / 50;
      expect(least[j]).toBeGreaterThanOrEqual(low[j] - 1e-6);
      expect(least[j]).toBeLessThanOrEqual(low[j] + slack + 1e-6);
      expect(most[j]).toBeLessThanOrEqual(high[j] + 1e-6);
      expect(most[j]).toBeGreaterThanOrEqual(high[j] - slack - 1e-6);
    }
  });
});
