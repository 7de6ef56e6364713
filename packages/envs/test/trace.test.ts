import { describe, expect, test } from 'vitest';
import {
  defineEnvironment,
  discrete,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  traceEnvironment,
} from '../src/index.ts';

describe('a trace', () => {
  test('from a state has the first observation and one after each action', () => {
    const trace = traceEnvironment(findEnvironment('CliffWalking-v1'), {
      state: [36],
      actions: [0, 1, 2, 0],
    });
    expect(trace).toEqual({
      // Up, along the cliff, over it and back to the start, up again.
      observations: [[36], [24], [25], [36], [24]],
      rewards: [-1, -1, -100, -1],
      terminated: [false, false, false, false],
      truncated: [false, false, false, false],
    });
  });

  test('ends with the episode', () => {
    const trace = traceEnvironment(findEnvironment('CartPole-v1'), {
      state: [0, 0, 0.2, 2],
      actions: [0, 1, 1],
    });
    expect(trace.terminated).toEqual([true]);
    expect(trace.observations).toHaveLength(2);
    const limited = findEnvironment('CartPole-v1', { max_episode_steps: 2 });
    expect(traceEnvironment(limited, { seed: 0, actions: [0, 1, 0] }).truncated).toEqual([false, true]);
  });

  test('from a seed is the same again, and another from another seed', () => {
    const trace = (seed: number) =>
      traceEnvironment(findEnvironment('CartPole-v1'), { seed, actions: [0, 1, 0] });
    expect(trace(4)).toEqual(trace(4));
    expect(trace(4)).not.toEqual(trace(5));
  });

  test.each([
    [{ actions: [0] }, 'A trace of CartPole-v1 starts from a state or from a seed: give one of them.'],
    [
      { state: [0, 0, 0, 0], seed: 1, actions: [0] },
      'A trace of CartPole-v1 starts from a state or from a seed: give one of them.',
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
    expect(traceEnvironment(counter(true), { state: [2], actions: [1, 0] }).observations).toEqual([
      [2],
      [3],
      [3],
    ]);
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
