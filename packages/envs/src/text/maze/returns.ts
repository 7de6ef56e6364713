import { MOST_MOVES } from './game.ts';
import { GOAL, NEXT } from './grid.ts';

/** The probabilities of the moves in a cell, of an episode that began in `home`. */
export type MovesOf = (cell: number, home: number) => readonly number[];

/** The mean return over the 25 starts and the share of episodes that arrive, of a policy without memory: exactly. */
export function exactReturn(movesOf: MovesOf): { mean: number; success: number } {
  let mean = 0;
  let success = 0;
  for (let home = 0; home < GOAL; home++) {
    let at: number[] = NEXT.map((_, cell) => Number(cell === home));
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      const later = NEXT.map(() => 0);
      at.forEach((chance, cell) => {
        if (chance === 0) return;
        movesOf(cell, home).forEach((probability, move) => {
          later[NEXT[cell][move]] += chance * probability;
        });
      });
      success += later[GOAL] / GOAL;
      later[GOAL] = 0;
      at = later;
      mean -= at.reduce((sum, each) => sum + each, 0) / GOAL;
    }
    // The move that fails.
    mean -= at.reduce((sum, each) => sum + each, 0) / GOAL;
  }
  return { mean, success };
}
