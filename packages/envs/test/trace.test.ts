import { describe, expect, test } from 'vitest';
import {
  box,
  defineEnvironment,
  discrete,
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  traceEnvironment,
  traceOptions,
} from '../src/index.ts';

describe('a trace', () => {
  test('from a state has the first observation, and what came after each action', () => {
    const trace = traceEnvironment(findEnvironment('CliffWalking-v1'), {
      state: [36],
      actions: [0, 1, 2, 0],
    });
    expect(trace).toEqual({
      // Up, along the cliff, over it and back to the start, up again.
      initial: 36,
      observations: [24, 25, 36, 24],
      rewards: [-1, -1, -100, -1],
      terminated: [false, false, false, false],
      truncated: [false, false, false, false],
      states: [[24], [25], [36], [24]],
    });
  });

  test('ends with the episode', () => {
    const trace = traceEnvironment(findEnvironment('CartPole-v1'), {
      state: [0, 0, 0.2, 2],
      actions: [0, 1, 1],
    });
    expect(trace.terminated).toEqual([true]);
    expect(trace.observations).toHaveLength(1);
    const limited = findEnvironment('CartPole-v1', { max_episode_steps: 2 });
    expect(traceEnvironment(limited, { seed: 0, actions: [0, 1, 0] }).truncated).toEqual([false, true]);
  });

  test('goes on after an end with autoreset: the last observation of an episode is there, the first is not', () => {
    const definition = findEnvironment('CartPole-v1', { max_episode_steps: 2 });
    const input = { state: [0, 0, 0, 0], actions: [0, 1, 0, 1, 1] };
    const trace = traceEnvironment(definition, { ...input, autoreset: true });
    expect(trace.truncated).toEqual([false, true, false, true, false]);
    const alone = traceEnvironment(definition, input);
    expect(trace.observations.slice(0, 2)).toEqual(alone.observations);
    // A step leads 0.02 s away from a reset in ±0.05, not from where the episode before it ended.
    for (const [x] of trace.states as number[][]) expect(Math.abs(x)).toBeLessThan(0.06);
    expect((trace.states as number[][])[2]).not.toEqual((trace.states as number[][])[0]);
  });

  test('nests observations by their shape, and starts from draws where an environment takes them', () => {
    const definition: EnvironmentDefinition = {
      id: 'Grid-v0',
      native: true,
      observationSpace: box({ low: 0, high: 9, shape: [2, 1, 2], dtype: 'uint8' }),
      actionSpace: discrete(1),
      maxEpisodeSteps: 1,
      solvedReturn: null,
      summary: '',
      create: () => ({
        reset: (observation) => void observation.fill(9),
        resetWith: (draws, observation) => observation.set(draws as number[]),
        step: (_, observation, outcome) => {
          observation.reverse();
          Object.assign(outcome, { reward: 0, terminated: false, truncated: false });
        },
      }),
    };
    expect(traceEnvironment(definition, { draws: [1, 2, 3, 4], actions: [0] })).toEqual({
      initial: [[[1, 2]], [[3, 4]]],
      observations: [[[[4, 3]], [[2, 1]]]],
      rewards: [0],
      terminated: [false],
      truncated: [true],
    });
  });

  test('its options are for the definition', () => {
    expect(traceOptions({ options: { levels: 3 }, seed: 0 })).toEqual({ levels: 3 });
    for (const input of [null, 3, {}, { options: 3 }]) expect(traceOptions(input)).toEqual({});
  });

  test('from a seed is the same again, and another from another seed', () => {
    const trace = (seed: number) =>
      traceEnvironment(findEnvironment('CartPole-v1'), { seed, actions: [0, 1, 0] });
    expect(trace(4)).toEqual(trace(4));
    expect(trace(4)).not.toEqual(trace(5));
  });

  test.each([
    [{ actions: [0] }, 'A trace of CartPole-v1 starts from seed, state or draws: give one of them.'],
    [
      { state: [0, 0, 0, 0], seed: 1, actions: [0] },
      'A trace of CartPole-v1 starts from seed, state or draws: give one of them, not seed and state.',
    ],
    [{ seed: 1 }, 'A trace of CartPole-v1, field actions: it is missing.'],
    [{ seed: 1, actions: [0, 2] }, 'A trace of CartPole-v1, field actions.1: it must be at most 1.'],
    [
      { seed: 1, action: [0], actions: [] },
      'A trace of CartPole-v1 has no field action: did you mean actions?',
    ],
    [
      { state: [0, 0], actions: [0] },
      'Environment CartPole-v1, slot 0, episode 1, step 0: A state has 4 finite numbers, not [0,0].',
    ],
    [[], 'A trace of CartPole-v1: it must be an object, not an array.'],
    [{ seed: -1, actions: [] }, 'A trace of CartPole-v1, field seed: it must be at least 0.'],
    [{ seed: 0.5, actions: [] }, 'A trace of CartPole-v1, field seed: it must be an integer, not 0.5.'],
    [
      { state: [0, Number.NaN, 0, 0], actions: [0] },
      'Environment CartPole-v1, slot 0, episode 1, step 0: A state has 4 finite numbers, not [0,NaN,0,0].',
    ],
    [
      { state: { x: 0 }, actions: [0] },
      'Environment CartPole-v1, slot 0, episode 1, step 0: A state has 4 finite numbers, not {"x":0}.',
    ],
    [
      { draws: [0.5], actions: [0] },
      'Environment CartPole-v1, slot 0, episode 1, step 0: it takes no draws: start from a seed or a state instead.',
    ],
    [{ seed: 0, actions: [0.5] }, 'A trace of CartPole-v1, field actions.0: it must be an integer, not 0.5.'],
    [
      { seed: 0, actions: [], options: [] },
      'A trace of CartPole-v1, field options: it must be an object, not an array.',
    ],
    [
      { seed: 0, actions: [], autoreset: 1 },
      'A trace of CartPole-v1, field autoreset: it must be true or false, not 1.',
    ],
    [
      { state: [1e308, 1e308, 0, 0], actions: [0] },
      'After 0 steps element 0 of the observation is Infinity: start from a smaller state.',
    ],
  ])('is refused for %j', (input, message) => {
    const trace = () => traceEnvironment(findEnvironment('CartPole-v1'), input);
    expect(trace).toThrow(EnvironmentDefinitionError);
    expect(trace).toThrow(message);
  });

  const counter = (setState: boolean) =>
    defineEnvironment({
      id: 'Counter-v0',
      observationSpace: discrete(5),
      actionSpace: discrete(2),
      create: () => {
        let at = 0;
        return {
          reset: () => 0,
          step: (action) => {
            at += action;
            return { observation: at, reward: at, terminated: false };
          },
          ...(setState
            ? {
                setState: ([state]: readonly number[]) => {
                  at = state;
                  return at;
                },
              }
            : {}),
        };
      },
    });

  test("of a user's environment", () => {
    const trace = traceEnvironment(counter(true), { state: [2], actions: [1, 0] });
    expect(trace).toMatchObject({ initial: 2, observations: [3, 3] });
    expect(trace).not.toHaveProperty('states');
    expect(() => traceEnvironment(counter(true), { state: ['2'], actions: [] })).toThrow(
      'Environment Counter-v0, slot 0, episode 1, step 0: a state is a list of finite numbers.',
    );
    expect(() => traceEnvironment(counter(true), { state: [4], actions: [1] })).toThrow(EnvironmentError);
    expect(() => traceEnvironment(counter(false), { state: [2], actions: [1] })).toThrow(
      'Environment Counter-v0, slot 0, episode 1, step 0: its state cannot be set: start from a seed instead.',
    );
  });

  test.each([
    ['FrozenLake-v1', [16], 'A state is an integer from 0 to 15, not 16.'],
    ['Taxi-v3', [1.5], 'A state is an integer from 0 to 499, not 1.5.'],
  ])('of %s refuses state %j', (id, state, message) => {
    expect(() => traceEnvironment(findEnvironment(id), { state, actions: [] })).toThrow(message);
  });
});
