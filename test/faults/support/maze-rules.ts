import { expect } from 'vitest';

/** LMRL-Gym's double T maze (Abdulhai et al., 2023), written down apart from the environment; `G` is the goal. */
const MAP = [
  '#############',
  '#.....#.....#',
  '###.#####.###',
  '###.#####.###',
  '###.#####.###',
  '###.......###',
  '######.######',
  '######.######',
  '######G######',
  '#############',
];
const STEPS: Readonly<Record<string, readonly [row: number, column: number]>> = {
  'move left\n': [0, -1],
  'move right\n': [0, 1],
  'move up\n': [-1, 0],
  'move down\n': [1, 0],
};
/** Moves that may be made without arriving: the one after them fails. */
const MOST_MOVES = 100;

/** A text of a stored dialogue; of the agent's, the reward that came of it. */
export interface StoredText {
  readonly isAgents: boolean;
  readonly text: string;
  readonly reward: number;
}

const digits = (value: number): string => [...String(value)].join(' ');

/** What an agent is told in a free cell. */
function described(row: number, column: number): string {
  const sides = [
    ['to your right', MAP[row][column + 1]],
    ['to your left', MAP[row][column - 1]],
    ['above you', MAP[row - 1][column]],
    ['below you', MAP[row + 1][column]],
  ].flatMap(([side, sign]) => (sign === '#' ? [side] : []));
  const walls =
    sides.length === 0
      ? 'There are no walls near you.'
      : sides.length === 1
        ? `There is a wall ${sides[0]}.`
        : `There are walls ${sides.join(', ')}.`;
  return `The goal is at position 8, 6. Your current position is at position ${digits(row)}, ${digits(column)}. ${walls}\n`;
}

/** The cells in which an episode may begin, by what is told there. */
const STARTS: ReadonlyMap<string, readonly [row: number, column: number]> = new Map(
  MAP.flatMap((line, row) =>
    [...line].flatMap((sign, column) => (sign === '.' ? [[described(row, column), [row, column]]] : [])),
  ) as [string, [number, number]][],
);

/**
 * Walks through a stored episode, or its beginning: each text and reward is what the maze's rules say of the moves so far.
 * @param where names the episode in messages.
 * @returns whether the rules end the episode with its last text.
 * @throws AssertionError at the first text that is another.
 */
export function walkThrough(texts: readonly StoredText[], where: string): boolean {
  const [first, ...rest] = texts;
  expect(first.isAgents, `${where} begins with the agent`).toBe(false);
  const start = STARTS.get(first.text);
  expect(start, `${where} begins with ${JSON.stringify(first.text)}`).toBeDefined();
  let [row, column] = start!;
  expect(rest.length % 2, `${where} has a move without an answer`).toBe(0);
  let hasEnded = false;
  for (let i = 0; i < rest.length; i += 2) {
    const [move, answer] = [rest[i], rest[i + 1]];
    const here = `${where}, move ${i / 2 + 1}`;
    expect(hasEnded, `${here} comes after the end`).toBe(false);
    const step = STEPS[move.text];
    expect(step !== undefined && move.isAgents, `${here} is ${JSON.stringify(move.text)}`).toBe(true);
    let said: string;
    let reward = -1;
    if (i / 2 === MOST_MOVES) {
      said = 'Failure\n';
      hasEnded = true;
    } else {
      const [down, right] = step;
      if (MAP[row + down][column + right] !== '#') [row, column] = [row + down, column + right];
      hasEnded = MAP[row][column] === 'G';
      said = hasEnded ? 'Success\n' : described(row, column);
      if (hasEnded) reward = 0;
    }
    expect({ text: answer.text, reward: move.reward, isAgents: answer.isAgents }, here).toEqual({
      ...{ text: said, reward, isAgents: false },
    });
  }
  return hasEnded;
}
