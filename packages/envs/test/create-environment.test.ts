import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allocateObservations,
  box,
  createEnvironment,
  defineEnvironment,
  discrete,
  type EnvironmentDefinition,
  EnvironmentError,
  findEnvironment,
  listEnvironments,
  type OwnDefinition,
  type OwnEnvironment,
  type OwnStep,
} from '../src/index.ts';

const outcome = () => ({ reward: 0, terminated: false, truncated: false });

/** An environment that is right but for what `wrong` replaces. */
function own(wrong: { reset?: unknown; step?: unknown; space?: OwnDefinition['observationSpace'] }) {
  return defineEnvironment({
    id: 'Own-v0',
    observationSpace: wrong.space ?? box({ low: -1, high: 1, shape: [2] }),
    actionSpace: discrete(2),
    create: () => ({
      reset: () => ('reset' in wrong ? wrong.reset : [0, 0]) as number[],
      step: () => {
        if (wrong.step instanceof Error) throw wrong.step;
        const step = { observation: [0, 0], reward: 0, terminated: false };
        const given = wrong.step;
        const replaces = typeof given === 'object' && given !== null && !(given instanceof Promise);
        return (replaces ? { ...step, ...given } : given) as OwnStep;
      },
    }),
  });
}

/** How `definition` fails in slot 3 on its reset or its first step. */
function failure(definition: EnvironmentDefinition, action = 1): EnvironmentError {
  const observation = allocateObservations(definition.observationSpace);
  try {
    const environment = createEnvironment(definition, new Random(0), 3);
    environment.reset(observation);
    environment.step(action, observation, outcome());
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe("a user's environment that breaks its contract is named by environment, slot, episode and step", () => {
  const shape2 = 'it must be an array of 2 numbers (float32).';
  const float16 = box({ low: -1e9, high: 1e9, shape: [2], dtype: 'float16' });
  const matrix = box({ low: 0, high: 9, shape: [2, 2] });
  const uint8 = box({ low: 0, high: 255, shape: [2], dtype: 'uint8' });

  test.each<[string, Parameters<typeof own>[0], string]>([
    [
      'NaN',
      { step: { observation: [0, Number.NaN] } },
      'element 1 of the observation is NaN: it must be a finite float32.',
    ],
    [
      'infinity',
      { step: { observation: [Infinity, 0] } },
      'element 0 of the observation is Infinity: it must be a finite float32.',
    ],
    [
      'too large for float32',
      { step: { observation: [1e300, 0] } },
      'element 0 of the observation is Infinity: it must be a finite float32.',
    ],
    [
      'too large for float16',
      { step: { observation: [65_520, 0] }, reset: [0, 0], space: float16 },
      'element 0 of the observation is Infinity: it must be a finite float16.',
    ],
    ['NaN reward', { step: { reward: Number.NaN } }, 'the reward is NaN: it must be a finite float32.'],
    [
      'infinite reward',
      { step: { reward: -Infinity } },
      'the reward is -Infinity: it must be a finite float32.',
    ],
    ['no reward', { step: { reward: undefined } }, 'the reward is undefined: it must be a finite float32.'],
    ['no flag', { step: { terminated: undefined } }, 'terminated is undefined: it must be true or false.'],
    ['a flag of 1', { step: { truncated: 1 } }, 'truncated is 1: it must be true or false.'],
    ['wrong shape', { step: { observation: [0, 0, 0] } }, 'the observation has 3 elements: shape [2] has 2.'],
    ['a number for a box', { step: { observation: 5 } }, `step gave 5 as the observation: ${shape2}`],
    [
      'a string',
      { step: { observation: ['a', 0] } },
      'element 0 of the observation is "a": it must be a number of float32.',
    ],
    [
      'nested',
      { step: { observation: [[0], [0]] } },
      'element 0 of the observation is an array: it must be a number of float32.',
    ],
    [
      'wrong dtype',
      { step: { observation: [0.5, 0] }, reset: [0, 0], space: uint8 },
      'element 0 of the observation is 0.5: it must be a number of uint8.',
    ],
    [
      'beyond uint8',
      { step: { observation: [0, 256] }, reset: [0, 0], space: uint8 },
      'element 1 of the observation is 256: it must be a number of uint8.',
    ],
    [
      'beyond n',
      { step: { observation: 4 }, reset: 0, space: discrete(4) },
      'observation 4 is outside the observation space (the integers 0 to 3).',
    ],
    [
      'a promise',
      { step: Promise.resolve() },
      'step returned a promise: it must be { observation, reward, terminated, truncated?, info? }.',
    ],
    [
      'nothing',
      { step: undefined },
      'step returned undefined: it must be { observation, reward, terminated, truncated?, info? }.',
    ],
    [
      'a reward of text',
      { step: { reward: '-0.01' } },
      'the reward is "-0.01": it must be a finite float32.',
    ],
    ['a reward of a bigint', { step: { reward: 1n } }, 'the reward is 1n: it must be a finite float32.'],
    ['a flag of text', { step: { terminated: 'false' } }, 'terminated is "false": it must be true or false.'],
    [
      'a misspelt field',
      { step: { truncted: true } },
      'what step returns has no field truncted: did you mean truncated? It takes observation, reward, terminated, truncated, info.',
    ],
    [
      'a field that is not supported',
      { step: { render: {} } },
      'what step returns has no field render: it takes observation, reward, terminated, truncated, info.',
    ],
    ['an info that is a number', { step: { info: 3 } }, 'info is 3: it must be an object.'],
    [
      'rows that are too few',
      { step: { observation: [[0, 0]] }, reset: [0, 0, 0, 0], space: matrix },
      'the observation has 1 elements: shape [2,2] has 2 along axis 0.',
    ],
    [
      'rows that are too short',
      { step: { observation: [[0, 0], [0]] }, reset: [0, 0, 0, 0], space: matrix },
      'the row of the observation that begins at element 2 has 1 elements: shape [2,2] has 2 along axis 1.',
    ],
    [
      'a row that is none',
      { step: { observation: [[0, 0], 0] }, reset: [0, 0, 0, 0], space: matrix },
      'the row of the observation that begins at element 2 is 0: shape [2,2] has 2 along axis 1.',
    ],
    [
      'text in a row',
      {
        step: {
          observation: [
            [0, 0],
            [0, '1'],
          ],
        },
        reset: [0, 0, 0, 0],
        space: matrix,
      },
      'element 3 of the observation is "1": it must be a number of float32.',
    ],
  ])('%s from step', (_, wrong, problem) => {
    const error = failure(own(wrong));
    expect(error.message).toBe(`Environment Own-v0, slot 3, episode 1, step 1: ${problem}`);
    expect(error.place).toEqual({ environment: 'Own-v0', slot: 3, episode: 1, step: 1 });
  });

  test.each<[Parameters<typeof own>[0], string]>([
    [{ reset: [0, Number.NaN] }, 'element 1 of the observation is NaN: it must be a finite float32.'],
    [{ reset: undefined }, `reset gave undefined as the observation: ${shape2}`],
    [{ reset: [1] }, 'the observation has 1 elements: shape [2] has 2.'],
    [
      { reset: -1, space: discrete(4) },
      'observation -1 is outside the observation space (the integers 0 to 3).',
    ],
  ])('from reset: %#', (wrong, problem) => {
    expect(failure(own(wrong)).message).toBe(`Environment Own-v0, slot 3, episode 1, step 0: ${problem}`);
  });

  test.each<[string, () => never, RegExp]>([
    [
      'an error',
      () => {
        throw new Error('the simulator is gone.', { cause: new Error('no\nmemory') });
      },
      /: the simulator is gone \(.*create-environment\.test\.ts:\d+\), caused by: no memory\.$/,
    ],
    [
      'an error of our own functions',
      () => box({ low: 1, high: 0, shape: [1] }) as never,
      /low is above high at element 0 \(.*create-environment\.test\.ts:\d+\)\.$/,
    ],
    [
      'an error of a package',
      () => fc.integer({ min: 2, max: 1 }) as never,
      /: .* \(.*create-environment\.test\.ts:\d+\)\.$/,
    ],
    [
      'a text',
      () => {
        throw 'no licence';
      },
      /: no licence\.$/,
    ],
    [
      'null',
      () => {
        throw null;
      },
      /: null\.$/,
    ],
    [
      'an object',
      () => {
        throw { code: 7 };
      },
      /: an object was thrown: \{"code":7\}\.$/,
    ],
  ])('%s that it throws is told, with the line of its code', (_, fail, message) => {
    const good = { reset: () => 0, step: () => ({ observation: 0, reward: 0, terminated: false }) };
    const whole = { observationSpace: discrete(2), actionSpace: discrete(2) };
    const methods: [number, () => OwnEnvironment][] = [
      [0, fail],
      [0, () => ({ ...good, reset: fail })],
      [1, () => ({ ...good, step: fail })],
    ];
    for (const [step, create] of methods) {
      const error = failure(defineEnvironment({ id: 'Own-v0', ...whole, create }));
      expect(error.place.step).toBe(step);
      expect(error.message).toMatch(message);
    }
    const closing = createEnvironment(
      defineEnvironment({ id: 'Own-v0', ...whole, create: () => ({ ...good, close: fail }) }),
      new Random(0),
    );
    expect(() => closing.close?.()).toThrow(message);
  });

  test('episodes and steps are counted', () => {
    let steps = 0;
    const definition = defineEnvironment({
      id: 'Own-v0',
      observationSpace: discrete(9),
      actionSpace: discrete(2),
      create: () => ({
        reset: () => 0,
        step: () => ({ observation: 0, reward: ++steps === 5 ? Number.NaN : 0, terminated: steps === 3 }),
      }),
    });
    const environment = createEnvironment(definition, new Random(0), 7);
    const observation = allocateObservations(definition.observationSpace);
    const play = () => {
      for (let episode = 0; episode < 2; episode++) {
        const result = outcome();
        for (environment.reset(observation); !result.terminated; ) environment.step(0, observation, result);
      }
    };
    expect(play).toThrow(
      'Environment Own-v0, slot 7, episode 2, step 2: the reward is NaN: it must be a finite float32.',
    );
  });

  test('create must give both methods', () => {
    const definition = defineEnvironment({
      id: 'Own-v0',
      observationSpace: discrete(2),
      actionSpace: discrete(2),
      create: () => ({ reset: () => 0 }) as never,
    });
    expect(() => createEnvironment(definition, new Random(0), 2)).toThrow(
      'Environment Own-v0, slot 2, episode 0, step 0: create must return an object with step().',
    );
  });
});

test('rows of rows are taken, of whatever arrays', () => {
  const space = box({ low: 0, high: 9, shape: [2, 1, 3] });
  for (const rows of [
    [[[1, 2, 3]], [[4, 5, 6]]],
    [[new Uint8Array([1, 2, 3])], [new Float64Array([4, 5, 6])]],
  ]) {
    const environment = createEnvironment(own({ space, reset: rows }), new Random(0));
    const observation = new Float32Array(6);
    environment.reset(observation);
    expect([...observation]).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

describe('every environment refuses what its caller must not do', () => {
  test.each(listEnvironments().map((definition) => [definition.id, definition] as const))(
    '%s',
    (id, definition) => {
      const { n } = definition.actionSpace;
      for (const action of [-1, n, 0.5, Number.NaN]) {
        expect(failure(definition, action).message).toBe(
          `Environment ${id}, slot 3, episode 1, step 1: action ${action} is outside the action space (the integers 0 to ${n - 1}).`,
        );
      }
      const environment = createEnvironment(definition, new Random(0));
      expect(() => environment.step(0, allocateObservations(definition.observationSpace), outcome())).toThrow(
        `Environment ${id}, slot 0, episode 0, step 0: no episode has begun: call reset before step.`,
      );
    },
  );
});

describe('the time limit', () => {
  const cartPole = findEnvironment('CartPole-v1', { max_episode_steps: 3 });

  test('truncates on the step that reaches it, and counts again after a reset', () => {
    const environment = createEnvironment(cartPole, new Random(0));
    const observation = allocateObservations(cartPole.observationSpace);
    for (let episode = 0; episode < 2; episode++) {
      environment.reset(observation);
      const flags = [0, 1, 0].map((action) => {
        const result = outcome();
        environment.step(action, observation, result);
        return [result.terminated, result.truncated];
      });
      expect(flags).toEqual([
        [false, false],
        [false, false],
        [false, true],
      ]);
      expect(() => environment.step(0, observation, outcome())).toThrow('call reset before step');
    }
  });

  test('leaves a truncation by the environment itself as it is', () => {
    const environment = createEnvironment(own({ step: { truncated: true } }), new Random(0));
    const observation = new Float32Array(2);
    const result = outcome();
    environment.reset(observation);
    environment.step(0, observation, result);
    expect(result).toEqual({ reward: 0, terminated: false, truncated: true });
  });
});

test('a seed gives the same episodes again', () => {
  for (const definition of listEnvironments()) {
    const play = () => {
      const environment = createEnvironment(definition, new Random(11));
      const choose = new Random(12);
      const observation = allocateObservations(definition.observationSpace);
      const result = outcome();
      const seen: number[] = [];
      environment.reset(observation);
      for (let step = 0; step < 300; step++) {
        environment.step(choose.integer(definition.actionSpace.n), observation, result);
        seen.push(...observation, result.reward);
        if (result.terminated || result.truncated) environment.reset(observation);
      }
      return seen;
    };
    expect(play()).toEqual(play());
  }
});
