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

/** Numbers are told digit by digit, as published. */
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
  return `${BEFORE} ${positionOf(cell)}. ${told}\n`;
}

export const SUCCESS = 'Success\n';
export const FAILURE = 'Failure\n';

/** What comes before the agent's position. */
const BEFORE = `The goal is at position ${positionOf(GOAL)}. Your current position is at position`;

/**
 * The phrases that observations and moves consist of, a position being one of them, so that small models need not put it together; a
 * line's end also ends an utterance.
 */
export const PHRASES: readonly string[] = [
  ...MOVES,
  '\n',
  SUCCESS,
  FAILURE,
  BEFORE,
  ...CELLS.slice(0, GOAL).map((_, cell) => ` ${positionOf(cell)}`),
  ...['There are walls', 'There is a wall', 'There are no walls near you'].flatMap((told) => [
    told,
    `. ${told}`,
  ]),
  ...SIDES.flatMap(([side]) => [` ${side}`, `, ${side}`]),
  '.\n',
];
