import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  createTextEnvironment,
  findTextEnvironment,
  generateEpisodes,
  mazeValues,
  returnOf,
} from '../../src/index.ts';
import { beliefGraph } from '../../src/text/maze/belief.ts';
import { dataMoves } from '../../src/text/maze/data-policy.ts';
import { CELLS, DISTANCE, GOAL, NEXT } from '../../src/text/maze/grid.ts';
import { exactReturn } from '../../src/text/maze/returns.ts';
import { boundReturns, expectFits, expectMean, mean } from './support.ts';

const full = findTextEnvironment('text/maze');
const partial = findTextEnvironment('text/maze', { observed: 'partial' });
const cellAt = (row: number, column: number) =>
  CELLS.findIndex((cell) => cell.row === row && cell.column === column);

/** What is heard after a reset to a cell, and after each utterance. */
function play(definition: typeof full, start: number, ...utterances: string[]) {
  const environment = createTextEnvironment(definition, new Random(0));
  return [environment.reset(start), ...utterances.map((said) => environment.step(said))];
}

describe('the maze', () => {
  test('has 25 starts, none further than 12 moves', () => {
    expect([CELLS.length, GOAL, Math.max(...DISTANCE)]).toEqual([26, 25, 12]);
    expect(CELLS[GOAL]).toEqual({ row: 8, column: 6 });
  });

  test('says position and walls as published', () => {
    expect(play(full, cellAt(5, 3))[0]).toBe(
      'The goal is at position 8, 6. Your current position is at position 5, 3. There are walls to your left, below you.\n',
    );
    expect(play(full, cellAt(1, 11))[0]).toBe(
      'The goal is at position 8, 6. Your current position is at position 1, 1 1. There are walls to your right, above you, below you.\n',
    );
    expect(play(partial, cellAt(5, 6))[0]).toBe('There is a wall above you.\n');
    expect(play(partial, cellAt(7, 6))[0]).toBe('There are walls to your right, to your left.\n');
  });

  test('rewards moves, walls, arriving and what is no move', () => {
    const here = 'There are walls to your right, to your left.\n';
    const answer = { text: here, reward: -1, terminated: false, truncated: false };
    expect(
      play(partial, cellAt(6, 6), 'move left', 'jump', 'move left\n', 'move down', 'move down').slice(1),
    ).toEqual([
      answer,
      { ...answer, reward: -4 },
      { ...answer, reward: -4 },
      answer,
      { text: 'Success\n', reward: 0, terminated: true, truncated: false },
    ]);
  });

  test('fails with the move after the hundredth', () => {
    const answers = play(partial, cellAt(7, 6), ...Array<string>(100).fill('move up'), 'move down').slice(1);
    expect(answers.at(-1)).toEqual({ text: 'Failure\n', reward: -1, terminated: true, truncated: false });
    const rewards = answers.map((answer) => (typeof answer === 'string' ? 0 : answer.reward));
    expect(rewards.reduce((sum, each) => sum + each, 0)).toBe(-101);
  });

  test('has the known exact returns', () => {
    expect(exactReturn(() => [0.25, 0.25, 0.25, 0.25]).mean).toBeCloseTo(-85.9, 1);
    const open = (cell: number) => {
      const free = NEXT[cell].map((next) => Number(next !== cell));
      return free.map((each) => each / mean(free) / free.length);
    };
    expect(Math.abs(exactReturn(open).mean + 76.8)).toBeLessThan(0.2);
    expect(mean(mazeValues(1).map((values) => Math.max(...values)))).toBeCloseTo(-6.84, 10);
  });

  test('has Q* that is the fixed point of the Bellman equation', () => {
    const values = mazeValues(0.9);
    values.forEach((moves, cell) => {
      moves.forEach((value, move) => {
        const next = NEXT[cell][move];
        expect(value).toBeCloseTo(next === GOAL ? 0 : -1 + 0.9 * Math.max(...values[next]), 10);
      });
    });
  });
});

describe.each([
  ['fully observed', full, -6.84],
  ['partially observed', partial, -7.24],
])('text/maze, %s', (_, definition, best) => {
  test('has the best return of its table, which its bound reaches', () => {
    expect(definition.known.bound).toBeCloseTo(best, 10);
    expect(mean(boundReturns(definition))).toBeCloseTo(best, 10);
  });

  test('has data from within submazes: −90 to −83, 0.12 arrive', () => {
    const { mean: expected, success } = exactReturn(dataMoves);
    expect(definition.known.data).toBe(expected);
    expect(expected).toBeGreaterThan(-90);
    expect(expected).toBeLessThan(-83);
    expect(success).toBeCloseTo(0.12, 3);
    const episodes = [...generateEpisodes(definition, 5, definition.data!.episodes)];
    expectMean(episodes.map(returnOf), expected);
    for (const episode of episodes.slice(0, 20)) expectFits(episode, definition);
  });

  test('has data as the environment answers', () => {
    const environment = createTextEnvironment(definition, new Random(0));
    for (const { turns } of generateEpisodes(full, 2, 20)) {
      const start = CELLS.findIndex(({ row, column }) =>
        turns[0].text.includes(`current position is at position ${row}, ${[...String(column)].join(' ')}.`),
      );
      environment.reset(start);
      for (const { who, text, reward } of turns) {
        if (who === 'agent') expect(environment.step(text).reward).toBe(reward);
      }
    }
  });
});

test('the data show every move of the maze, but no way from the sides to the goal', () => {
  const seen = new Set<string>();
  for (const { turns } of generateEpisodes(full, 3, 1_240)) {
    for (let i = 1; i < turns.length; i += 2) seen.add(turns[i - 1].text + turns[i].text);
    const [, row, column] = /current position is at position (\d), ([\d ]+)\./.exec(turns[0].text)!;
    const isMiddle = Number(column.replaceAll(' ', '')) === 6;
    expect(turns.at(-1)!.text, `${row}, ${column}`).toBe(isMiddle ? 'Success\n' : 'Failure\n');
  }
  expect(seen.size).toBe(100);
});

test('an agent that knows the maze but not its place has 44 beliefs', () => {
  const { size, mean: best } = beliefGraph();
  expect(size).toBe(44);
  expect(best).toBeCloseTo(-7.24, 10);
});
