import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  allocateObservations,
  type Box,
  box,
  contains,
  createEnvironment,
  defineEnvironment,
  dict,
  discrete,
  type OwnObservation,
  type OwnSpace,
  tuple,
} from '../src/index.ts';
import { readReferenceJson } from './support/reference.ts';

// Made by Gymnasium itself: see reference/make_flat.py.
const reference = readReferenceJson<{
  cases: {
    space: unknown;
    low: (number | string)[];
    high: (number | string)[];
    values: unknown[];
    flat: number[][];
  }[];
}>('flat.json');

/** An environment that observes `values` one after the other. */
const observing = (observationSpace: OwnSpace, values: readonly unknown[]) =>
  defineEnvironment({
    id: 'Own-v0',
    observationSpace,
    actionSpace: discrete(2),
    create: () => {
      let t = 0;
      return {
        reset: () => values[0] as OwnObservation,
        step: () => ({ observation: values[++t] as OwnObservation, reward: 0, terminated: false }),
      };
    },
  });

/** JSON has no infinity. */
const numbers = (bounds: readonly (number | string)[]): number[] =>
  bounds.map((bound) => (bound === 'inf' ? Infinity : bound === '-inf' ? -Infinity : Number(bound)));
const withInfinity = (space: unknown): OwnSpace =>
  JSON.parse(JSON.stringify(space), (_, value) =>
    value?.kind === 'box' ? { ...value, low: numbers(value.low), high: numbers(value.high) } : value,
  );

describe('dict and tuple spaces are flattened as by Gymnasium', () => {
  test.each(reference.cases.map((each, i) => [i, each] as const))('case %i', (_, given) => {
    const { values, flat } = given;
    const definition = observing(withInfinity(given.space), values);
    const space = definition.observationSpace as Box;
    expect(space.shape).toEqual([given.low.length]);
    expect(space.low).toEqual(numbers(given.low));
    expect(space.high).toEqual(numbers(given.high));

    const environment = createEnvironment(definition, new Random(0));
    // What is left of the observation before is written over.
    const observation = allocateObservations(space).fill(7);
    environment.reset(observation);
    const outcome = { reward: 0, terminated: false, truncated: false };
    for (const [t, expected] of flat.entries()) {
      if (t > 0) environment.step(0, observation, outcome);
      expect([...observation]).toEqual(expected);
      expect(contains(space, observation)).toBe(true);
    }
  });

  test('with the names and ranges of the parts', () => {
    const space = dict({
      sensors: tuple(box({ low: 0, high: 1, shape: [2, 2] }), discrete(2)),
      door: discrete(3),
      speed: box({ low: -9, high: 9, shape: [] }),
    });
    expect(observing(space, []).observationSpace).toMatchObject({
      dtype: 'float32',
      parts: [
        { name: 'door', start: 0, size: 3 },
        { name: 'sensors.0', start: 3, size: 4, shape: [2, 2] },
        { name: 'sensors.1', start: 7, size: 2 },
        { name: 'speed', start: 9, size: 1, shape: [] },
      ],
    });
  });

  test.each([
    [['float32', 'int32'], 'float32'],
    [['float16', 'uint8'], 'float16'],
    [['float16', 'int32'], 'float32'],
    [['int32', 'uint8'], 'int32'],
    [['uint8', 'uint8'], 'uint8'],
    [[], 'uint8'],
  ] as const)('%j and a Discrete make %s', (dtypes, expected) => {
    const boxes = dtypes.map((dtype) => box({ low: 0, high: 1, shape: [1], dtype }));
    expect(observing(tuple(discrete(2), ...boxes), []).observationSpace).toMatchObject({ dtype: expected });
  });
});

describe('what is wrong in a part is named by it', () => {
  const space = dict({
    door: discrete(3),
    arm: dict({
      angle: box({ low: -1, high: 1, shape: [2] }),
      lamps: box({ low: 0, high: 9, shape: [2], dtype: 'uint8' }),
    }),
  });
  const right = { door: 2, arm: { angle: [0, 1], lamps: [3, 4] } };

  test.each<[string, unknown, string]>([
    ['a missing part', { arm: right.arm }, 'step gave an object without door as the observation.'],
    [
      'a missing inner part',
      { door: 1, arm: { angle: [0, 0] } },
      'step gave an object without arm.lamps as the observation.',
    ],
    [
      'a part that the space does not have',
      { ...right, doors: 1 },
      'the space of the observation has no part doors: did you mean door? It takes arm, door.',
    ],
    [
      'an inner part that the space does not have',
      { door: 1, arm: { ...right.arm, reach: 1 } },
      'the space of arm has no part reach: it takes angle, lamps.',
    ],
    ['an array', [1, 2, 3], 'step gave an array without arm.angle as the observation.'],
    ['beyond n', { ...right, door: 3 }, 'door is 3: it must be an integer from 0 to 2.'],
    ['half a door', { ...right, door: 0.5 }, 'element 0 of door is 0.5: it must be a number of int32.'],
    [
      'a wrong shape',
      { door: 0, arm: { ...right.arm, angle: [1] } },
      'arm.angle has 1 elements: shape [2] has 2.',
    ],
    [
      'a number for a box',
      { door: 0, arm: { ...right.arm, angle: 1 } },
      'step gave 1 as arm.angle: it must be an array of 2 numbers (float32).',
    ],
    [
      'a dtype',
      { door: 0, arm: { ...right.arm, lamps: [1, 256] } },
      'element 1 of arm.lamps is 256: it must be a number of uint8.',
    ],
    [
      'NaN',
      { door: 0, arm: { ...right.arm, angle: [0, Number.NaN] } },
      'element 1 of arm.angle is NaN: it must be a finite float32.',
    ],
  ])('%s', (_, wrong, problem) => {
    const environment = createEnvironment(observing(space, [right, wrong]), new Random(0), 3);
    const observation = new Float32Array(7);
    environment.reset(observation);
    expect([...observation]).toEqual([0, 1, 3, 4, 0, 0, 1]);
    expect(() =>
      environment.step(0, observation, { reward: 0, terminated: false, truncated: false }),
    ).toThrow(`Environment Own-v0, slot 3, episode 1, step 1: ${problem}`);
  });
});

test('a tuple has as many parts as its space', () => {
  const environment = createEnvironment(
    observing(tuple(discrete(2), discrete(2)), [
      [0, 1],
      [0, 1, 1],
    ]),
    new Random(0),
  );
  const observation = new Uint8Array(4);
  environment.reset(observation);
  expect([...observation]).toEqual([1, 0, 0, 1]);
  expect(() => environment.step(0, observation, { reward: 0, terminated: false, truncated: false })).toThrow(
    'the space of the observation has no part 2: it takes 0, 1.',
  );
});
