import type { TextStep } from '../text-environment.ts';
import { GOAL, MOVES, NEXT } from './grid.ts';
import { FAILURE, type Observed, observe, SUCCESS } from './observe.ts';

/** Moves that may be made without arriving: the one after them fails. */
export const MOST_MOVES = 100;

/** One episode in the maze. */
export class MazeGame {
  cell = 0;
  #moves = 0;

  begin(cell: number): void {
    this.cell = cell;
    this.#moves = 0;
  }

  move(utterance: string, observed: Observed): TextStep {
    // As published, the limit is a terminal state.
    if (this.#moves === MOST_MOVES) return { text: FAILURE, reward: -1, terminated: true, truncated: false };
    const move = (MOVES as readonly string[]).indexOf(utterance);
    this.#moves++;
    if (move >= 0) this.cell = NEXT[this.cell][move];
    if (this.cell === GOAL) return { text: SUCCESS, reward: 0, terminated: true, truncated: false };
    const reward = move < 0 ? -4 : -1;
    return { text: observe(this.cell, observed), reward, terminated: false, truncated: false };
  }
}
