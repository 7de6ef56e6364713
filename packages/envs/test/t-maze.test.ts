import { describe, expect, test } from 'vitest';
import { findEnvironment, traceEnvironment } from '../src/index.ts';

const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3];
const [ABOVE, BELOW] = [
  [0, 1, 1],
  [1, 1, 0],
];
const [CORRIDOR, JUNCTION] = [
  [1, 0, 1],
  [0, 1, 0],
];

const play = (length: number, given: { state?: number[]; seed?: number; actions: number[] }) =>
  traceEnvironment(findEnvironment('TMaze-v0', { length }), given);

describe('TMaze', () => {
  test('shows the side of the goal once, and rewards the turn to it', () => {
    for (const [goal, shown] of [
      [UP, ABOVE],
      [DOWN, BELOW],
    ] as const) {
      for (const turn of [UP, DOWN]) {
        const actions = [RIGHT, RIGHT, RIGHT, turn];
        const { initial, observations, rewards, terminated } = play(3, { state: [0, goal, 1], actions });
        expect(initial).toEqual(shown);
        expect(observations).toEqual([CORRIDOR, CORRIDOR, JUNCTION, JUNCTION]);
        expect(rewards).toEqual([0, 0, 0, turn === goal ? 1 : 0]);
        expect(terminated).toEqual([false, false, false, true]);
      }
    }
  });

  test('has walls on both sides of the corridor and at its ends, and a way back', () => {
    const actions = [UP, DOWN, LEFT, RIGHT, RIGHT, RIGHT, LEFT, RIGHT];
    const { observations, terminated } = play(2, { state: [0, UP, 1], actions });
    expect(observations).toEqual([
      ...[CORRIDOR, CORRIDOR, CORRIDOR, CORRIDOR],
      ...[JUNCTION, JUNCTION, CORRIDOR, JUNCTION],
    ]);
    expect(terminated).not.toContain(true);
  });

  test('is cut after ten steps a cell', () => {
    const { truncated } = play(3, { seed: 0, actions: Array.from({ length: 30 }, () => UP) });
    expect(truncated.indexOf(true)).toBe(29);
  });

  test.each([[[4, 0, 0]], [[0, 1, 0]], [[1, 0, 1]], [[0.5, 0, 0]]])('has no state %j', (state) => {
    expect(() => play(3, { state, actions: [] })).toThrow(/A state is a position from 0 to 3/);
  });
});
