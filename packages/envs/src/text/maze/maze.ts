import { legalAmong } from '../legal-utterances.ts';
import type { TextDefinition, TextPolicy } from '../text-environment.ts';
import { Vocabulary } from '../vocabulary.ts';
import { beliefGraph, beliefPolicy } from './belief.ts';
import { dataEpisode, dataMoves } from './data-policy.ts';
import { MazeGame } from './game.ts';
import { bestMove, CELLS, DISTANCE, GOAL, MOVES } from './grid.ts';
import { FAILURE, type Observed, observe, PHRASES } from './observe.ts';
import { exactReturn } from './returns.ts';

/** Texts that a partially observing agent reads before it moves, its own among them. */
const HISTORY = 40;

/**
 * `text/maze`: find the way to the goal of LMRL-Gym's double T maze (Abdulhai et al., 2023), told by position and walls, or
 * by walls alone. Rewards, texts and the limit of moves are theirs.
 */
export function maze(id: string, { observed }: { observed: Observed }): TextDefinition {
  const tokenizer = new Vocabulary(PHRASES, '\n');
  const longest = Math.max(
    ...CELLS.slice(0, GOAL).map((_, cell) => tokenizer.encode(observe(cell, observed)).length),
    tokenizer.encode(FAILURE).length,
  );
  const isFull = observed === 'full';
  const utterance = 2;
  const graph = isFull ? null : beliefGraph();
  return {
    kind: 'text',
    id,
    native: true,
    summary:
      'Find the way through a double T maze, told by position and walls (observed: partial: by walls alone).',
    tokenizer,
    context: isFull ? longest + utterance : (HISTORY / 2) * (longest + utterance) + utterance,
    history: isFull ? 1 : HISTORY,
    longestUtterance: utterance,
    maxTurns: null,
    starts: GOAL,
    utterances: MOVES,
    legal: legalAmong(MOVES, tokenizer),
    returns: [-101, 0],
    known: {
      data: exactReturn(dataMoves).mean,
      bound: graph?.mean ?? 1 - DISTANCE.reduce((sum, each) => sum + each, 0) / GOAL,
    },
    data: { episodes: 1_240, generate: (random) => dataEpisode(observed, random) },
    bound: () => (graph === null ? solver() : beliefPolicy(graph)),
    create(random) {
      const game = new MazeGame();
      const begin = (cell: number): string => {
        game.begin(cell);
        return observe(cell, observed);
      };
      return {
        reset: (start) => begin(start ?? random.integer(GOAL)),
        setState(state) {
          const [row, column] = Array.isArray(state) ? state : [];
          const cell = CELLS.findIndex((each) => each.row === row && each.column === column);
          if (cell >= 0 && cell < GOAL) return begin(cell);
          throw new RangeError(
            'a state is the [row, column] of a free cell that is not the goal, as in [5, 3].',
          );
        },
        step: (said) => game.move(said, observed),
      };
    },
  };
}

/** Reads its position in what it hears, and goes the shortest way. */
function solver(): TextPolicy {
  const cells = new Map(CELLS.slice(0, GOAL).map((_, cell) => [observe(cell, 'full'), cell]));
  return { reset: () => undefined, answer: (heard) => MOVES[bestMove(cells.get(heard)!)] };
}
