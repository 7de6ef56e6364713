import { describe, expect, test } from 'vitest';
import {
  box,
  checkEnvironment,
  defineEnvironment,
  dict,
  discrete,
  EnvironmentError,
  findEnvironment,
  listEnvironments,
  type OwnObservation,
  type OwnSpace,
} from '../src/index.ts';

const options = { steps: 3000, seed: 1 };

const observing = (
  observationSpace: OwnSpace,
  observe: (t: number) => OwnObservation,
  limit: number | null = 5,
) =>
  defineEnvironment({
    id: 'Own-v0',
    observationSpace,
    actionSpace: discrete(2),
    maxEpisodeSteps: limit,
    create: () => {
      let t = 0;
      return {
        reset: () => {
          t = 0;
          return observe(t);
        },
        step: () => ({ observation: observe(++t), reward: 1, terminated: false }),
      };
    },
  });

describe('checkEnvironment', () => {
  test.each(listEnvironments().map(({ id }) => id))('finds nothing wrong with %s', (id) => {
    // CliffWalking has no limit of its own.
    const definition = findEnvironment(id, { max_episode_steps: 500 });
    expect(checkEnvironment(definition, options).problems).toEqual([]);
  });

  test('counts episodes and returns', () => {
    const checked = checkEnvironment(
      observing(box({ low: 0, high: 0.1, shape: [1] }), () => 0.1),
      options,
    );
    expect(checked).toMatchObject({ id: 'Own-v0', actions: 2, episodes: 600, meanReturn: 5, problems: [] });
  });

  test('names the first element that is out of its bounds', () => {
    const space = dict({ a: box({ low: 0, high: 1, shape: [3] }), b: box({ low: -1, high: 2, shape: [2] }) });
    const { problems } = checkEnvironment(
      observing(space, (t) => ({ a: [0, 1, 0.5], b: [0, t] })),
      options,
    );
    expect(problems).toEqual([
      'In episode 1, step 3, element 1 of b is 3: its space says -1 to 2; give the space the bounds that hold, or clip what is observed.',
    ]);
  });

  test('tells of episodes that never end, and of steps that do not come again', () => {
    const endless = observing(box({ low: 0, high: 1, shape: [1] }), () => Math.random(), null);
    const { problems } = checkEnvironment(endless, options);
    expect(problems).toEqual([
      'No episode ended in 3000 steps, and nothing limits them: give them a limit, by maxEpisodeSteps of the definition or environment.maxEpisodeSteps of the configuration, or play more, as with --steps 30000.',
      'The same seed gave other steps the second time: draw all that is random from the `random` of create, and keep all that changes within create.',
    ]);
  });

  test('tells of copies that disturb each other, though each alone is right', () => {
    let count = 0;
    const sharing = defineEnvironment({
      id: 'Own-v0',
      observationSpace: box({ low: 0, high: 100, shape: [1] }),
      actionSpace: discrete(2),
      create: () => ({
        reset: () => {
          count = 0;
          return count;
        },
        step: () => ({ observation: ++count, reward: 1, terminated: count >= 10 }),
      }),
    });
    expect(checkEnvironment(sharing, options).problems).toEqual([
      'Two copies side by side gave other steps than each alone: they disturb each other. Keep all that changes within create: training steps many copies alternately.',
    ]);
  });

  test('throws what no run outlives', () => {
    const broken = observing(box({ low: 0, high: 1, shape: [1] }), (t) => (t === 3 ? Number.NaN : 0));
    expect(() => checkEnvironment(broken, options)).toThrow(EnvironmentError);
  });
});
