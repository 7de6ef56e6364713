import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  adaptDefinition,
  type Box,
  box,
  createEnvironment,
  createVectorEnvironment,
  defineEnvironment,
  dict,
  discrete,
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  findEnvironment,
  limitSteps,
  observationSize,
  repeatActions,
  stackFrames,
  stickActions,
  traceEnvironment,
  wrapEnvironment,
} from '../src/index.ts';

/**
 * Counts its steps, adds up its actions, rewards the action, and remembers what it was given. With `masked`, an action may be taken
 * while the sum of them is below 10 times itself.
 */
function counter({
  maxEpisodeSteps = null as number | null,
  masked = false,
  end = Number.POSITIVE_INFINITY,
} = {}) {
  const taken: number[] = [];
  const definition = defineEnvironment({
    id: 'Counter-v0',
    observationSpace: discrete(1000),
    actionSpace: discrete(4),
    maxEpisodeSteps,
    masked,
    create: () => {
      let sum = 0;
      return {
        reset: () => {
          sum = 0;
          return 0;
        },
        step: (action) => {
          taken.push(action);
          sum += action;
          return { observation: sum, reward: action, terminated: sum >= end };
        },
        ...(masked ? { mask: () => [0, 1, 2, 3].map((action) => sum < 10 * action || action === 0) } : {}),
        setState: ([state]: readonly number[]) => {
          sum = state;
          return sum;
        },
      };
    },
  });
  return { definition, taken };
}

const trace = (definition: EnvironmentDefinition, actions: number[], seed = 0) =>
  traceEnvironment(definition, { seed, actions, autoreset: true });

describe('an action that is repeated', () => {
  test('once, or not sticky, is the environment itself', () => {
    const definition = findEnvironment('CartPole-v1');
    expect(repeatActions(definition, 1)).toBe(definition);
    expect(stickActions(definition, 0)).toBe(definition);
    expect(wrapEnvironment(definition, {})).toBe(definition);
  });

  test('has the sum of the rewards and the last observation', () => {
    const { observations, rewards } = trace(repeatActions(counter().definition, 3), [1, 0, 2]);
    expect(observations).toEqual([3, 3, 9]);
    expect(rewards).toEqual([3, 0, 6]);
  });

  test('is cut short where the episode ends', () => {
    const played = trace(repeatActions(counter({ end: 5 }).definition, 4), [1, 2, 1]);
    expect(played.observations).toEqual([4, 6, 4]);
    expect(played.rewards).toEqual([4, 2, 4]);
    expect(played.terminated).toEqual([false, true, false]);
  });

  test.each([
    [7, 3, 3],
    [6, 3, 2],
    [2, 3, 1],
  ])('counts a time limit of %i in inner steps: by %i, it is reached after %i', (limit, times, steps) => {
    const { definition, taken } = counter({ maxEpisodeSteps: limit });
    const repeated = repeatActions(definition, times);
    expect(repeated.maxEpisodeSteps).toBe(steps);
    const { truncated } = trace(repeated, new Array(2 * steps).fill(1));
    expect(truncated).toEqual(Array.from({ length: 2 * steps }, (_, i) => (i + 1) % steps === 0));
    expect(taken).toHaveLength(2 * limit);
  });

  test('stops where a mask forbids it, and the time limit stays that of inner steps', () => {
    const { definition, taken } = counter({ masked: true, maxEpisodeSteps: 13 });
    // After 10 ones the action 1 is forbidden: the third step ends there, and the fourth is of zeros up to the limit.
    const { observations, truncated } = trace(repeatActions(definition, 4), [1, 1, 1, 0]);
    expect(observations).toEqual([4, 8, 10, 10]);
    expect(truncated).toEqual([false, false, false, true]);
    expect(taken).toEqual([...new Array(10).fill(1), 0, 0, 0]);
  });

  test('is one of CartPole k times in a row, to the same end', () => {
    const definition = findEnvironment('CartPole-v1');
    const plain = traceEnvironment(definition, {
      seed: 3,
      actions: Array.from({ length: 60 }, (_, i) => (i >> 2) & 1),
    });
    const fours = Array.from({ length: 15 }, (_, i) => i & 1);
    const repeated = traceEnvironment(repeatActions(definition, 4), { seed: 3, actions: fours });
    expect(repeated.initial).toEqual(plain.initial);
    expect(repeated.observations).toEqual(
      repeated.observations.map(
        (_, i) => plain.observations[Math.min(4 * i + 3, plain.observations.length - 1)],
      ),
    );
    expect(repeated.rewards.reduce((sum, reward) => sum + reward)).toBe(plain.rewards.length);
    expect(repeated.terminated.at(-1)).toBe(true);
  });
});

describe('a time limit', () => {
  test('takes the place of the environment’s own, shorter or longer; null keeps that', () => {
    const cartPole = findEnvironment('CartPole-v1');
    expect(limitSteps(cartPole, null)).toBe(cartPole);
    expect(limitSteps(cartPole, 500)).toBe(cartPole);
    for (const [limit, length] of [
      [7, 7],
      [40, 40],
    ]) {
      const { definition } = counter({ maxEpisodeSteps: 20 });
      const { truncated, terminated } = trace(limitSteps(definition, limit), new Array(3 * limit).fill(0));
      expect(truncated).toEqual(Array.from({ length: 3 * limit }, (_, i) => (i + 1) % length === 0));
      expect(terminated).not.toContain(true);
    }
  });

  test('is set on a step that terminates too, as by Gymnasium’s TimeLimit', () => {
    const { truncated, terminated } = trace(limitSteps(counter({ end: 3 }).definition, 3), [1, 1, 1]);
    expect([truncated, terminated]).toEqual([
      [false, false, true],
      [false, false, true],
    ]);
  });

  test('keeps the batched kernel, in which it holds', () => {
    const definition = limitSteps(findEnvironment('Pendulum-v1'), 5);
    expect(definition).toHaveProperty('createVector');
    const rows = createVectorEnvironment(definition);
    for (let slot = 0; slot < 3; slot++) rows.add(new Random(slot), slot, 0);
    const truncated = new Uint8Array(3);
    rows.bind({
      ...{ observations: new Float32Array(9), stride: 3, masks: null },
      ...{ rewards: new Float64Array(3), terminated: new Uint8Array(3), truncated },
    });
    for (let row = 0; row < 3; row++) rows.reset(row);
    const ends = Array.from({ length: 5 }, () => {
      rows.step(new Int32Array(3));
      return [...truncated];
    });
    expect(ends).toEqual([...new Array(4).fill([0, 0, 0]), [1, 1, 1]]);
  });

  test('counts the inner steps of a repeated action', () => {
    const { definition, taken } = counter({ maxEpisodeSteps: 1000 });
    const wrapped = wrapEnvironment(definition, { maxEpisodeSteps: 6, actionRepeat: 4 });
    expect(wrapped.maxEpisodeSteps).toBe(2);
    expect(trace(wrapped, [1, 1, 1, 1]).truncated).toEqual([false, true, false, true]);
    expect(taken).toHaveLength(12);
  });
});

test.each([
  ['a time limit', (definition: EnvironmentDefinition) => limitSteps(definition, 4)],
  ['a repeat', (definition: EnvironmentDefinition) => repeatActions(definition, 4)],
  ['sticky actions', (definition: EnvironmentDefinition) => stickActions(definition, 0.5)],
])('a module may export an environment with %s', (_, wrap) => {
  for (const inner of [counter().definition, findEnvironment('CartPole-v1')]) {
    const wrapped = wrap(inner);
    expect(adaptDefinition(wrapped, 'Environment module env.ts')).toBe(wrapped);
  }
});

test('a module may export an environment with stacked frames', () => {
  const wrapped = stackFrames(findEnvironment('CartPole-v1'), 4);
  expect(adaptDefinition(wrapped, 'Environment module env.ts')).toBe(wrapped);
});

describe('sticky actions', () => {
  test('are executed again as often as the probability says, from the last executed one', () => {
    const probability = 0.25;
    const { definition, taken } = counter();
    const actions = Array.from({ length: 40_000 }, (_, i) => i % 4);
    trace(cut(stickActions(definition, probability)), actions);
    const stuck = actions.map((action, i) => taken[i] !== action);
    // An action that differs from the last executed one sticks with the probability; each is one of four in turn.
    let tries = 0;
    let times = 0;
    for (let i = 1; i < actions.length; i++) {
      if (i % 100 === 0) {
        // The first of an episode is the chosen one.
        expect(taken[i]).toBe(actions[i]);
        continue;
      }
      expect([actions[i], taken[i - 1]]).toContain(taken[i]);
      if (actions[i] === taken[i - 1]) continue;
      tries++;
      if (stuck[i]) times++;
    }
    // Four standard deviations.
    const deviation = Math.sqrt(probability * (1 - probability) * tries);
    expect(tries).toBeGreaterThan(30_000);
    expect(Math.abs(times - probability * tries)).toBeLessThan(4 * deviation);
  });

  test('are not executed where a mask forbids them', () => {
    const { definition, taken } = counter({ masked: true });
    // With certainty, until the sum is 30 and 3 is forbidden.
    const { observations } = trace(stickActions(definition, 1), [3, ...new Array(12).fill(0)]);
    expect(taken).toEqual([...new Array(10).fill(3), 0, 0, 0]);
    expect(observations.at(-1)).toBe(30);
  });

  test('apply to each inner step of a repeated action', () => {
    const { definition, taken } = counter();
    trace(wrapEnvironment(definition, { actionRepeat: 100, stickyActions: 0.5 }), [1, 2]);
    expect(taken.slice(0, 100)).toEqual(new Array(100).fill(1));
    // Sticky for a geometric number of inner steps, with one half: 0 in half of all cases, and 2 from then on.
    const second = taken.slice(100);
    const sticky = second.indexOf(2);
    expect(sticky).toBeGreaterThanOrEqual(0);
    expect(sticky).toBeLessThan(20);
    expect(second.slice(sticky)).toEqual(new Array(100 - sticky).fill(2));
  });
});

describe('stacked frames', () => {
  test('are the last observations, oldest first, after the first of the episode', () => {
    const plain = trace(findEnvironment('CartPole-v1'), new Array(30).fill(1), 5);
    const { initial, observations, ...rest } = trace(
      stackFrames(findEnvironment('CartPole-v1'), 3),
      new Array(30).fill(1),
      5,
    );
    expect(initial).toEqual([plain.initial, plain.initial, plain.initial]);
    const end = plain.terminated.indexOf(true);
    expect(end).toBeGreaterThan(3);
    const seen = [plain.initial, plain.initial, plain.initial, ...plain.observations];
    for (let i = 0; i <= end; i++) expect(observations[i]).toEqual(seen.slice(i + 1, i + 4));
    // The episode after it has none of the last one's frames.
    const [oldest, middle, newest] = observations[end + 1] as number[][];
    expect(oldest).toEqual(middle);
    expect(newest).toEqual(plain.observations[end + 1]);
    expect(seen.slice(0, end + 4)).not.toContainEqual(oldest);
    const { rewards, terminated, truncated, states } = plain;
    expect(rest).toEqual({ rewards, terminated, truncated, states });
  });

  test('have the bounds, the dtype and the parts of each frame', () => {
    expect(stackFrames(findEnvironment('Pendulum-v1'), 2).observationSpace).toEqual(
      box({ low: [-1, -1, -8, -1, -1, -8], high: [1, 1, 8, 1, 1, 8], shape: [2, 3] }),
    );
    expect(stackFrames(findEnvironment('Snake-v0'), 1).observationSpace).toEqual(
      box({ low: 0, high: 1, shape: [1, 8, 8, 4], dtype: 'uint8' }),
    );
    const composite = defineEnvironment({
      id: 'Parts-v0',
      observationSpace: dict({ at: box({ low: 0, high: 9, shape: [2] }), sign: discrete(3) }),
      actionSpace: discrete(2),
      create: () => ({
        reset: () => ({ at: [0, 1], sign: 2 }),
        step: (action) => ({ observation: { at: [4, 5], sign: action }, reward: 0, terminated: false }),
      }),
    });
    const definition = stackFrames(composite, 2);
    expect((definition.observationSpace as Box).parts?.map(({ name, start }) => [name, start])).toEqual([
      ['0.at', 0],
      ['0.sign', 2],
      ['1.at', 5],
      ['1.sign', 7],
    ]);
    expect(trace(definition, [1]).observations).toEqual([
      [
        [0, 1, 0, 0, 1],
        [4, 5, 0, 1, 0],
      ],
    ]);
  });

  test('stay apart in copies that are stepped alternately, begin anew from a state, and keep masks', () => {
    const definition = stackFrames(findEnvironment('Snake-v0'), 2);
    const size = observationSize(definition.observationSpace);
    const [a, b] = [0, 1].map((seed) => createEnvironment(definition, new Random(seed)));
    const [first, second] = [new Uint8Array(size), new Uint8Array(size)];
    const outcome = { reward: 0, terminated: false, truncated: false };
    a.reset(first);
    b.reset(second);
    for (let i = 0; i < 3; i++) {
      const [before, other] = [first.slice(size / 2), second.slice(size / 2)];
      a.step(1, first, outcome);
      b.step(0, second, outcome);
      expect(first.subarray(0, size / 2)).toEqual(before);
      expect(second.subarray(0, size / 2)).toEqual(other);
    }
    a.setState?.([0, 20, 19, 18], first);
    expect(first.subarray(0, size / 2)).toEqual(first.subarray(size / 2));
    const mask = new Uint8Array(4);
    a.mask?.(mask);
    expect([...mask]).toEqual([1, 1, 1, 0]);
  });

  test.each([
    ['CartPole-v1', 0, 'Environment CartPole-v1: a stack has a positive integer of frames, not 0.'],
    ['CartPole-v1', 1.5, 'Environment CartPole-v1: a stack has a positive integer of frames, not 1.5.'],
    [
      'GridWorld-v0',
      2,
      'Environment GridWorld-v0: only observations of a box are stacked, and it has one of 25 integers.',
    ],
  ])('of %s by %d are refused', (id, n, message) => {
    const stack = () => stackFrames(findEnvironment(id), n);
    expect(stack).toThrow(EnvironmentDefinitionError);
    expect(stack).toThrow(message);
  });
});

/** Cuts episodes after 100 steps. */
const cut = (definition: EnvironmentDefinition): EnvironmentDefinition => ({
  ...definition,
  maxEpisodeSteps: 100,
});

test('a wrapped environment keeps its generator, state, masks and draws, and has no kernel or table', () => {
  const wrappers = { maxEpisodeSteps: 9, actionRepeat: 2, stickyActions: 0.5 };
  const breakout = wrapEnvironment(findEnvironment('minatar/breakout'), { actionRepeat: 2 });
  // Where the ball starts is the package's draw for the seed: one of two columns.
  const initial = (seed: number) => JSON.stringify(traceEnvironment(breakout, { seed, actions: [] }).initial);
  const plain = (seed: number) =>
    JSON.stringify(traceEnvironment(findEnvironment('minatar/breakout'), { seed, actions: [] }).initial);
  const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
  expect(seeds.map(initial)).toEqual(seeds.map(plain));
  expect(new Set(seeds.map(plain)).size).toBe(2);
  const cliff = wrapEnvironment(findEnvironment('CliffWalking-v1'), wrappers);
  expect(cliff).not.toHaveProperty('transitions');
  expect(traceEnvironment(cliff, { state: [12], actions: [1] }).states).toEqual([[14]]);
  expect(wrapEnvironment(findEnvironment('CartPole-v1'), wrappers)).not.toHaveProperty('createVector');
  const masked = createEnvironment(
    wrapEnvironment(counter({ masked: true }).definition, wrappers),
    new Random(0),
  );
  const mask = new Uint8Array(4);
  masked.setState?.([15], new Int32Array(1));
  masked.mask?.(mask);
  expect([...mask]).toEqual([1, 0, 1, 1]);
  const inner = {
    reset: () => {},
    step: () => {},
    resetWith: (draws: unknown, observation: { [i: number]: number }) => {
      observation[0] = (draws as number[])[0];
    },
  };
  const drawn = { ...counter().definition, create: () => inner };
  const given = traceEnvironment(wrapEnvironment(drawn, wrappers), { draws: [7], actions: [] });
  expect(given.initial).toBe(7);
});
