import { CELLS, GOAL, MOVES, NEXT } from './grid.ts';

/** What an agent is told: position and goal too, or walls alone. */
export type Observed = 'full' | 'partial';

/** The sides in the order in which their walls are told, each with the move towards it. */
const SIDES = [
  ['to your right', MOVES.indexOf('move right')],
  ['to your left', MOVES.indexOf('move left')],
  ['above you', MOVES.indexOf('move up')],
  ['below you', MOVES.indexOf('move down')],
] as const;

/** Numbers are told digit by digit, so that each digit is a token of its own with any tokenizer. */
const digits = (value: number): string => [...String(value)].join(' ');
const positionOf = (cell: number): string => `${digits(CELLS[cell].row)}, ${digits(CELLS[cell].column)}`;

/** The text of a cell that is not the goal. */
export function observe(cell: number, observed: Observed): string {
  const walls = SIDES.flatMap(([side, move]) => (NEXT[cell][move] === cell ? [side] : []));
  const told =
    walls.length === 0
      ? 'There are no walls near you.'
      : walls.length === 1
        ? `There is a wall ${walls[0]}.`
        : `There are walls ${walls.join(', ')}.`;
  if (observed === 'partial') return `${told}\n`;
  return `The goal is at position ${positionOf(GOAL)}. Your current position is at position ${positionOf(cell)}. ${told}\n`;
}

export const SUCCESS = 'Success\n';
export const FAILURE = 'Failure\n';

/** The phrases that observations and moves consist of; a line's end also ends an utterance. */
export const PHRASES: readonly string[] = [
  ...MOVES,
  '\n',
  SUCCESS,
  FAILURE,
  'The goal is at position',
  'Your current position is at position',
  ...Array.from({ length: 10 }, (_, digit) => ` ${digit}`),
  'There are walls',
  'There is a wall',
  'There are no walls near you',
  ...SIDES.map(([side]) => ` ${side}`),
  ',',
  '. ',
  '.\n',
];
