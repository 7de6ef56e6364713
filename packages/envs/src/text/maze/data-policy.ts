import type { Random } from '@qfleet/random';
import { drawPlace } from '../draw.ts';
import type { TextEpisode, Turn } from '../text-environment.ts';
import { MazeGame } from './game.ts';
import { bestMove, CELLS, GOAL, MOVES, NEXT } from './grid.ts';
import { type Observed, observe } from './observe.ts';

/** The chance that a move is the solver's; else it is uniformly drawn. */
const SOLVER = 0.15;

/** The column that separates the left submaze from the right one, and is the third itself. */
const MIDDLE = CELLS[GOAL].column;
const submaze = (cell: number): number => Math.sign(CELLS[cell].column - MIDDLE);

/**
 * The probabilities of the data policy's moves in a cell. It is confined to the submaze that it began in: in the middle one a
 * move that leads out is drawn again; from the sides it is made, and the next one leads back. So the data show each move as
 * the maze answers it, and no way from the sides to the goal.
 *
 * @param home the cell that the episode began in.
 */
export function dataMoves(cell: number, home: number): readonly number[] {
  const stays = NEXT[cell].map((next) => submaze(next) === submaze(home));
  if (submaze(cell) !== submaze(home)) return stays.map(Number);
  const best = bestMove(cell);
  const drawn = MOVES.map((_, move) =>
    submaze(home) === 0 && !stays[move] ? 0 : (1 - SOLVER) / MOVES.length + (move === best ? SOLVER : 0),
  );
  const sum = drawn.reduce((total, each) => total + each, 0);
  return drawn.map((each) => each / sum);
}

/** Plays an episode of the policy, from a uniformly drawn cell. */
export function dataEpisode(observed: Observed, random: Random): TextEpisode {
  const home = random.integer(GOAL);
  const game = new MazeGame();
  game.begin(home);
  const turns: Turn[] = [{ who: 'environment', text: observe(home, observed), reward: 0 }];
  for (;;) {
    const move = drawPlace(dataMoves(game.cell, home), random);
    const { text, reward, terminated, truncated } = game.move(MOVES[move], observed);
    turns.push({ who: 'agent', text: MOVES[move], reward }, { who: 'environment', text, reward: 0 });
    if (terminated) return { turns, terminated, truncated };
  }
}
