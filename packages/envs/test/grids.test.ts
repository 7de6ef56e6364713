import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import { createEnvironment, findEnvironment, traceEnvironment } from '../src/index.ts';

const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3];

/** The mask in a state. */
function maskIn(id: string, state: number[], options = {}): number[] {
  const definition = findEnvironment(id, options);
  const environment = createEnvironment(definition, new Random(0));
  const mask = new Uint8Array(definition.actionSpace.n);
  environment.setState?.(state, new Int32Array(1024));
  environment.mask?.(mask);
  return [...mask];
}

describe('GridWorld', () => {
  const definition = findEnvironment('GridWorld-v0');

  test('leads to the goal by the shortest way, and no shorter one', () => {
    const actions = [RIGHT, RIGHT, DOWN, RIGHT, RIGHT, DOWN, DOWN, DOWN];
    const { rewards, observations, terminated } = traceEnvironment(definition, { seed: 0, actions });
    expect(observations).toEqual([1, 2, 7, 8, 9, 14, 19, 24]);
    expect(rewards.reduce((sum, reward) => sum + reward)).toBe(definition.solvedReturn);
    expect(terminated.indexOf(true)).toBe(7);
    // Breadth first from the start: the goal is as far as its row and column say, so no way is shorter.
    let reached = new Set([0]);
    let steps = 0;
    while (!reached.has(24)) {
      const next = [...reached].flatMap((cell) =>
        [UP, RIGHT, DOWN, LEFT].map((action) => {
          return traceEnvironment(definition, { state: [cell], actions: [action] }).observations[0] as number;
        }),
      );
      reached = new Set(next);
      steps++;
    }
    expect(steps).toBe(8);
  });

  test('allows what leads to another cell', () => {
    expect(maskIn('GridWorld-v0', [0])).toEqual([0, 1, 1, 0]);
    // Beside walls on the right and the left.
    expect(maskIn('GridWorld-v0', [14])).toEqual([1, 0, 1, 0]);
    expect(traceEnvironment(definition, { state: [14], actions: [LEFT, RIGHT] }).observations).toEqual([
      14, 14,
    ]);
  });

  test.each([
    [[6], 'without a wall, and 6 has one'],
    [[25], 'an integer from 0 to 24, not 25'],
  ])('has no state %j', (state, message) => {
    expect(() => traceEnvironment(definition, { state, actions: [] })).toThrow(message);
  });
});

describe('Snake', () => {
  const definition = findEnvironment('Snake-v0', { size: 4 });
  const play = (state: number[], actions: number[]) => traceEnvironment(definition, { state, actions });

  // Cells of a board of 4 × 4: 0 to 3 is the first row.
  test('moves without growing, and grows by what it eats', () => {
    const { states, rewards, terminated } = play([3, 5, 4, 8], [RIGHT, UP, RIGHT]);
    expect((states as number[][]).slice(0, 2)).toEqual([
      [3, 6, 5, 4],
      [3, 2, 6, 5],
    ]);
    const [food, ...snake] = (states as number[][])[2];
    expect(snake).toEqual([3, 2, 6, 5]);
    expect(snake).not.toContain(food);
    expect(rewards).toEqual([0, 0, 1]);
    expect(terminated).toEqual([false, false, false]);
  });

  test('dies at the wall and of its own bite, but may follow its tail', () => {
    expect(play([15, 3, 2, 1], [UP])).toMatchObject({ rewards: [-1], terminated: [true] });
    // A ring of four: the head enters the cell that the tail leaves.
    expect(play([15, 0, 4, 5, 1], [RIGHT])).toMatchObject({ rewards: [0], states: [[15, 1, 0, 4, 5]] });
    expect(play([15, 1, 0, 4, 5, 6], [DOWN])).toMatchObject({ rewards: [-1], terminated: [true] });
  });

  test('ends when it fills the board', () => {
    const snake = [1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11, 15, 14, 13, 12];
    const { rewards, terminated, states } = play([0, ...snake], [LEFT]);
    expect({ rewards, terminated }).toEqual({ rewards: [1], terminated: [true] });
    expect(states).toEqual([[-1, 0, ...snake]]);
  });

  test('sees head, body, tail and food', () => {
    const { initial } = play([0, 5, 6, 7, 11], []);
    const channel = (k: number) =>
      (initial as number[][][]).flat().flatMap((cell, i) => (cell[k] === 1 ? [i] : []));
    expect([0, 1, 2, 3].map(channel)).toEqual([[5], [6, 7], [11], [0]]);
  });

  test('may not turn back on its neck', () => {
    expect(maskIn('Snake-v0', [15, 5, 4, 0], { size: 4 })).toEqual([1, 1, 1, 0]);
    expect(maskIn('Snake-v0', [15, 0, 4, 5], { size: 4 })).toEqual([1, 1, 0, 1]);
  });

  test('finds its food on each free cell as often', () => {
    const environment = createEnvironment(definition, new Random(2));
    const observation = new Uint8Array(64);
    const counts = new Map<number, number>();
    const draws = 13_000;
    for (let i = 0; i < draws; i++) {
      environment.reset(observation);
      const [food] = environment.getState!() as number[];
      counts.set(food, (counts.get(food) ?? 0) + 1);
    }
    expect(counts.size).toBe(13);
    const chi2 = [...counts.values()].reduce((sum, n) => sum + (n - draws / 13) ** 2 / (draws / 13), 0);
    // The 99.9th percentile of χ² with 12 degrees of freedom.
    expect(chi2).toBeLessThan(32.9);
  });

  test.each([[[3, 1, 2]], [[1, 1, 2, 3]], [[15, 0, 2, 3]], [[15, 0, 1, 16]], [[15, 0, 1, 1.5]], [{}]])(
    'has no state %j',
    (state) => {
      expect(() => traceEnvironment(definition, { state, actions: [] })).toThrow(
        /A state is the food's cell/,
      );
    },
  );
});
