import { describe, expect, test } from 'vitest';
import { EnvironmentDefinitionError, findEnvironment, listEnvironments } from '../src/index.ts';

describe('native environments', () => {
  test('are listed with a summary, and found by their ids', () => {
    const ids = listEnvironments().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const definition of listEnvironments()) {
      expect(definition.summary).toMatch(/^[A-Z].*\.$/);
      expect(findEnvironment(definition.id).summary).toBe(definition.summary);
    }
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['cartpole-v1', {}, 'There is no environment cartpole-v1: did you mean CartPole-v1, CartPole-v0?'],
    ['CartPol-v1', {}, 'There is no environment CartPol-v1: did you mean CartPole-v1, CartPole-v0?'],
    ['FrozenLake', {}, 'There is no environment FrozenLake: did you mean FrozenLake-v1, FrozenLake8x8-v1?'],
    [
      'FrozenLake-v1',
      { slippery: true },
      'Environment FrozenLake-v1 has no option slippery: did you mean is_slippery? It takes map_name, is_slippery, success_rate, max_episode_steps.',
    ],
    [
      'FrozenLake-v1',
      { map_name: '5x5' },
      'Environment FrozenLake-v1, option map_name: it must be one of 4x4, 8x8.',
    ],
    [
      'CliffWalking-v1',
      { is_slippery: 'yes' },
      'Environment CliffWalking-v1, option is_slippery: it must be true or false, not "yes".',
    ],
    [
      'minatar/breakout',
      { sticky_action_prob: 1.5 },
      'Environment minatar/breakout, option sticky_action_prob: it must be at most 1.',
    ],
    [
      'MinAtar/Breakout-v1',
      { difficulty_ramping: 1 },
      'Environment MinAtar/Breakout-v1, option difficulty_ramping: it must be true or false, not 1.',
    ],
    [
      'minatar/spaceinvaders',
      {},
      'There is no environment minatar/spaceinvaders: did you mean minatar/space_invaders, ',
    ],
    [
      'Taxi-v3',
      { max_episode_steps: 0 },
      'Environment Taxi-v3, option max_episode_steps: it must be at least 1.',
    ],
  ])('%s %j is refused', (id, options, message) => {
    const find = () => findEnvironment(id, options);
    expect(find).toThrow(EnvironmentDefinitionError);
    expect(find).toThrow(message);
  });
});
