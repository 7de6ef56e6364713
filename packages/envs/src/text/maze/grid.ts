/** LMRL-Gym's double T maze: walls, free cells and the goal. */
const MAP = `
#############
#.....#.....#
###.#####.###
###.#####.###
###.#####.###
###.......###
######.######
######.######
######G######
#############`
  .trim()
  .split('\n');

/** A place in the maze. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** The moves by their utterances. */
export const MOVES = ['move left', 'move right', 'move up', 'move down'] as const;

/** What each move adds, as [row, column]. */
const STEPS: readonly (readonly [number, number])[] = [
  [0, -1],
  [0, 1],
  [-1, 0],
  [1, 0],
];

/** The free cells by rows, the goal last. */
export const CELLS: readonly Cell[] = MAP.flatMap((line, row) =>
  [...line].flatMap((sign, column) => (sign === '#' ? [] : [{ row, column }])),
);

/** The goal, as a place in `CELLS`. */
export const GOAL = CELLS.length - 1;

/** [cell][move]: the cell that a move leads to; a wall leaves it where it is. */
export const NEXT: readonly (readonly number[])[] = CELLS.map(({ row, column }, cell) =>
  STEPS.map(([down, right]) => {
    const next = CELLS.findIndex((each) => each.row === row + down && each.column === column + right);
    return next < 0 ? cell : next;
  }),
);

/** [cell]: the moves of the shortest way to the goal. */
export const DISTANCE: readonly number[] = distances();

function distances(): number[] {
  const found = CELLS.map((_, cell) => (cell === GOAL ? 0 : Number.POSITIVE_INFINITY));
  for (let length = 1; length < CELLS.length; length++) {
    NEXT.forEach((moves, cell) => {
      if (found[cell] > length && moves.some((next) => found[next] === length - 1)) found[cell] = length;
    });
  }
  return found;
}

/** The first of the moves that a shortest way begins with. */
export const bestMove = (cell: number): number =>
  NEXT[cell].findIndex((next) => DISTANCE[next] === DISTANCE[cell] - 1);

/**
 * Q* of the maze without a limit of moves: what the rewards from a move on sum up to, when all after it are best.
 *
 * @param discount of each move.
 * @returns [cell][move] over all cells but the goal.
 */
export function mazeValues(discount: number): number[][] {
  const values = CELLS.map((_, cell) => {
    // −1 for every move but the last, which arrives.
    let value = 0;
    for (let move = 1; move < DISTANCE[cell]; move++) value = discount * value - 1;
    return value;
  });
  return NEXT.slice(0, GOAL).map((moves) =>
    moves.map((next) => (next === GOAL ? 0 : discount * values[next] - 1)),
  );
}
