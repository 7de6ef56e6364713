import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  box,
  createEnvironment,
  defineEnvironment,
  dict,
  discrete,
  multiDiscrete,
  traceEnvironment,
} from '../src/index.ts';

const step = { observation: 0, reward: 0, terminated: false };

describe('actions of a MultiDiscrete', () => {
  test('are the lists of it, each once, the last number counting fastest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), (counts) => {
        const taken: (readonly number[])[] = [];
        const definition = defineEnvironment({
          id: 'Lists-v0',
          observationSpace: discrete(1),
          actionSpace: multiDiscrete(counts),
          create: () => ({
            reset: () => 0,
            step: (action) => {
              expectTypeOf(action).toEqualTypeOf<readonly number[]>();
              taken.push(action);
              return step;
            },
          }),
        });
        const lists = counts.reduce((product, count) => product * count, 1);
        expect(definition.actionSpace).toEqual({ kind: 'discrete', n: lists });
        traceEnvironment(definition, { seed: 0, actions: Array.from({ length: lists }, (_, i) => i) });
        // A list's index is its number in a mixed base.
        const indices = taken.map((list) => list.reduce((index, x, i) => index * counts[i] + x, 0));
        expect(indices).toEqual(taken.map((_, i) => i));
        expect(taken.flat().every((x, i) => x < counts[i % counts.length])).toBe(true);
      }),
    );
  });

  test('are as many as a mask has elements', () => {
    const definition = defineEnvironment({
      id: 'Masked-v0',
      observationSpace: discrete(1),
      actionSpace: multiDiscrete([2, 3]),
      masked: true,
      create: () => ({ reset: () => 0, step: () => step, mask: () => [0, 0, 1, 0, 1, 0] }),
    });
    const environment = createEnvironment(definition, new Random(0));
    const mask = new Uint8Array(6);
    environment.reset(new Int32Array(1));
    environment.mask?.(mask);
    expect([...mask]).toEqual([0, 0, 1, 0, 1, 0]);
  });
});

test('a Discrete with a start is counted from 0 by agents, and from its start by the environment', () => {
  const taken: number[] = [];
  const definition = defineEnvironment({
    id: 'Start-v0',
    observationSpace: discrete(3, 5),
    actionSpace: { kind: 'discrete', n: 3, start: -1 },
    create: () => ({
      reset: () => 7,
      step: (action: number) => {
        taken.push(action);
        return { observation: 6 + action, reward: 0, terminated: false };
      },
    }),
  });
  expect(definition).toMatchObject({ observationSpace: discrete(3), actionSpace: discrete(3) });
  const { initial, observations } = traceEnvironment(definition, { seed: 0, actions: [0, 1, 2] });
  expect(taken).toEqual([-1, 0, 1]);
  expect([initial, ...observations]).toEqual([2, 0, 1, 2]);
});

test.each([
  [4, '4: it must be an integer from 5 to 7.'],
  [8, '8: it must be an integer from 5 to 7.'],
])('an observation outside a Discrete with a start is refused: %i', (observation, message) => {
  const definition = defineEnvironment({
    id: 'Start-v0',
    observationSpace: discrete(3, 5),
    actionSpace: discrete(1),
    create: () => ({ reset: () => observation, step: () => step }),
  });
  expect(() => traceEnvironment(definition, { seed: 0, actions: [] })).toThrow(message);
});

test('within a dict, a Discrete with a start is one-hot from its start', () => {
  const definition = defineEnvironment({
    id: 'Door-v0',
    observationSpace: dict({ door: discrete(3, 5) }),
    actionSpace: discrete(1),
    create: () => ({ reset: () => ({ door: 6 }), step: () => step }),
  });
  expect(traceEnvironment(definition, { seed: 0, actions: [] }).initial).toEqual([0, 1, 0]);
});

test.each([
  [
    box({ low: -1, high: 1, shape: [1] }),
    'a box is continuous, and agents choose among actions that can be counted: use levels, as in discrete(5), and make numbers of them in step.',
  ],
  [box({ low: -1, high: 1, shape: [2] }), 'as in multiDiscrete([5, 5]), and make'],
  [box({ low: -1, high: 1, shape: [2, 3] }), 'as in multiDiscrete([3, 3, 3, 3, 3, 3]), and make'],
  [box({ low: -1, high: 1, shape: [11] }), 'its 11 numbers have more than 1024 levels, even with 2 each.'],
  [{ kind: 'multi-discrete', counts: [40, 40] }, '40 · 40 is 1600 lists, and at most 1024'],
  [{ kind: 'multi-discrete', nvec: [2] }, 'A multi-discrete space has no field nvec'],
  [undefined, 'Environment Wrong-v0, field actionSpace: it is missing.'],
  [3, 'it must be discrete, as in discrete(4), or multi-discrete, as in multiDiscrete([3, 2]), not 3.'],
])('an action space %j is refused', (actionSpace, message) => {
  const create = () => ({ reset: () => 0, step: () => step });
  const wrong = { id: 'Wrong-v0', observationSpace: discrete(1), actionSpace, create };
  expect(() => defineEnvironment(wrong as never)).toThrow(message);
});
