import type { TextPolicy } from '../text-environment.ts';
import { CELLS, GOAL, MOVES, NEXT } from './grid.ts';
import { observe } from './observe.ts';

/** The chance of each cell, so far as walls and moves tell. */
type Belief = readonly (readonly [cell: number, chance: number])[];

/** What a move or a reset may lead to by what is then heard, each with its chance. The goal is none of them. */
type Outcomes = ReadonlyMap<string, { readonly chance: number; readonly node: BeliefNode }>;

interface BeliefNode {
  /** [move] */
  readonly after: Outcomes[];
  /** The mean number of moves to the goal, of the best policy. */
  moves: number;
  best: number;
}

/** What is best for an agent that knows the maze but not where it is. */
export interface BeliefGraph {
  readonly first: Outcomes;
  /** The number of different beliefs. */
  readonly size: number;
  /** The best mean return over the 25 starts. */
  readonly mean: number;
}

/** Every belief that moves can lead to, with the best move in it by value iteration. */
export function beliefGraph(): BeliefGraph {
  const nodes = new Map<string, BeliefNode>();
  const nodeOf = (belief: Belief): BeliefNode => {
    const key = belief.map(([cell, chance]) => `${cell}:${chance.toFixed(9)}`).join(' ');
    let node = nodes.get(key);
    if (node === undefined) {
      node = { after: [], moves: 0, best: 0 };
      nodes.set(key, node);
      for (let move = 0; move < MOVES.length; move++) {
        node.after.push(outcomes(belief.map(([cell, chance]) => [NEXT[cell][move], chance])));
      }
    }
    return node;
  };
  const outcomes = (cells: Belief): Outcomes => {
    const heard = new Map<string, Map<number, number>>();
    for (const [cell, chance] of cells) {
      if (cell === GOAL) continue;
      const text = observe(cell, 'partial');
      const chances = heard.get(text) ?? new Map<number, number>();
      heard.set(text, chances.set(cell, (chances.get(cell) ?? 0) + chance));
    }
    const entries = [...heard].map(([text, chances]) => {
      const chance = [...chances.values()].reduce((sum, each) => sum + each, 0);
      const belief = [...chances]
        .sort(([a], [b]) => a - b)
        .map(([cell, each]) => [cell, each / chance] as const);
      return [text, { chance, node: nodeOf(belief) }] as const;
    });
    return new Map(entries);
  };
  const first = outcomes(CELLS.slice(0, GOAL).map((_, cell) => [cell, 1 / GOAL]));
  improve([...nodes.values()]);
  // The move that arrives costs nothing.
  return { first, size: nodes.size, mean: 1 - movesAfter(first) };
}

const movesAfter = (outcomes: Outcomes): number =>
  [...outcomes.values()].reduce((sum, { chance, node }) => sum + chance * node.moves, 0);

/** Value iteration: the numbers of moves rise from 0 until none changes. */
function improve(nodes: readonly BeliefNode[]): void {
  for (let change = 1; change > 1e-12; ) {
    change = 0;
    for (const node of nodes) {
      const moves = node.after.map((outcomes) => 1 + movesAfter(outcomes));
      const least = Math.min(...moves);
      change = Math.max(change, Math.abs(least - node.moves));
      node.moves = least;
      node.best = moves.indexOf(least);
    }
  }
}

/** Makes the best move in each belief. */
export function beliefPolicy({ first }: BeliefGraph): TextPolicy {
  let outcomes = first;
  return {
    reset() {
      outcomes = first;
    },
    answer(heard) {
      const { best, after } = outcomes.get(heard)!.node;
      outcomes = after[best];
      return MOVES[best];
    },
  };
}
