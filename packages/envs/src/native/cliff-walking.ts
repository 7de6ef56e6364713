import { GREEN, GREY, RED } from '../drawing/colours.ts';
import { tilesPicture } from '../drawing/tables.ts';
import type { EnvironmentDefinition, Transition } from '../environment.ts';
import { tabular } from './tabular.ts';

const ROWS = 4;
const COLUMNS = 12;
const START = 36;
const GOAL = 47;

/** Start, goal, and # for the cliff between them. */
const map = [...new Array<string>(ROWS - 1).fill('.'.repeat(COLUMNS)), `S${'#'.repeat(COLUMNS - 2)}G`];

const tiles = {
  S: { label: 'start', colour: GREY },
  '#': { label: 'cliff', colour: RED },
  G: { label: 'goal', colour: GREEN },
};

/** Up, right, down, left: as (row, column). */
const moves = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

const within = (x: number, size: number): number => Math.min(Math.max(x, 0), size - 1);

function arrive(state: number, move: number, probability: number): Transition {
  const row = within(Math.floor(state / COLUMNS) + moves[move][0], ROWS);
  const column = within((state % COLUMNS) + moves[move][1], COLUMNS);
  const next = row * COLUMNS + column;
  // The cliff lies between start and goal. A fall leads back to the start, and the episode goes on.
  if (next > START && next < GOAL) return { probability, next: START, reward: -100, terminated: false };
  return { probability, next, reward: -1, terminated: next === GOAL };
}

/**
 * Sutton and Barto, "Reinforcement Learning: An Introduction" (2018), example 6.6. A square a state, row by
 * row.
 */
export function cliffWalking(id: string, options: { is_slippery: boolean }): EnvironmentDefinition {
  return tabular(
    {
      id,
      maxEpisodeSteps: null,
      solvedReturn: null,
      summary: options.is_slippery
        ? 'Walk along a cliff to the goal on slippery ground.'
        : 'Walk along a cliff to the goal; the shortest way returns −13.',
    },
    {
      states: ROWS * COLUMNS,
      actions: moves.length,
      starts: [START],
      picture: (state) => tilesPicture(map, tiles, state),
      transitions: (state, action) =>
        options.is_slippery
          ? [(action + 3) % 4, action, (action + 1) % 4].map((move) => arrive(state, move, 1 / 3))
          : [arrive(state, action, 1)],
    },
  );
}
