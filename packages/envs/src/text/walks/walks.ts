import { NumpyRandom, type Random } from '@qfleet/random';
import { EnvironmentDefinitionError } from '../../errors.ts';
import type { TextDefinition, TextEpisode, TextPolicy } from '../text-environment.ts';
import { Vocabulary } from '../vocabulary.ts';
import { drawGraph, type Graph, letterOf, NODES, nodeOf } from './graph.ts';
import { MOST_NODES, type WalkReturns, walkReturns } from './returns.ts';

/** The nodes that a walk may begin at: all but the goal. */
const STARTS = NODES - 1;

/**
 * `text/walks`: a walk through a directed graph, written as letters, is to reach `a` in as few nodes as can be (trlx's
 * `randomwalks`, after the Decision Transformer's toy). The environment says the first letter, the agent all others.
 *
 * @throws EnvironmentDefinitionError for a graph in which the goal is not within reach of every node.
 */
export function walks(id: string, { graph: seed }: { graph: number }): TextDefinition {
  const graph = walksGraph(seed);
  const returns = walkReturns(graph);
  if (returns.shortest.some((nodes) => nodes >= MOST_NODES)) {
    throw new EnvironmentDefinitionError(
      `Environment ${id}, option graph: from some node of graph ${seed} no walk of less than ${MOST_NODES} nodes reaches a: take another.`,
    );
  }
  const starts = Array.from({ length: STARTS }, (_, i) => i + 1);
  const vocabulary = new Vocabulary(Array.from({ length: NODES }, (_, node) => letterOf(node)));
  return {
    kind: 'text',
    id,
    native: true,
    summary: 'Write the shortest walk to a, through a graph that only walks show.',
    tokenizer: vocabulary,
    // A start, nine more letters and the end.
    context: MOST_NODES + 1,
    history: null,
    longestUtterance: MOST_NODES,
    maxTurns: null,
    starts: STARTS,
    returns: [0, 1],
    known: { data: starts.reduce((sum, start) => sum + returns.uniform(start), 0) / STARTS, bound: 1 },
    data: { episodes: 1_000, generate: (random) => uniformWalk(graph, returns, random) },
    bound: () => shortestWalk(graph, returns),
    create(random) {
      let start = '';
      const begin = (letter: string): string => {
        start = letter;
        return start;
      };
      return {
        reset: (index) => begin(letterOf((index ?? random.integer(STARTS)) + 1)),
        setState(state) {
          if (typeof state === 'string' && nodeOf(state) > 0) return begin(state);
          throw new RangeError('a state is a letter of "b" to "u", the first of the walk.');
        },
        step: (utterance) => ({
          text: '',
          reward: returns.of(start + utterance),
          terminated: true,
          truncated: false,
        }),
      };
    },
  };
}

/** The graph of NumPy's `RandomState(seed)`. */
export const walksGraph = (seed: number): Graph => drawGraph(new NumpyRandom(seed));

/** A walk of uniformly drawn edges, until the goal or ten nodes. */
function uniformWalk(graph: Graph, returns: WalkReturns, random: Random): TextEpisode {
  const start = 1 + random.integer(STARTS);
  let node = start;
  let text = '';
  while (node !== 0 && text.length + 1 < MOST_NODES) {
    node = graph[node][random.integer(graph[node].length)];
    text += letterOf(node);
  }
  return {
    turns: [
      { who: 'environment', text: letterOf(start), reward: 0 },
      { who: 'agent', text, reward: returns.of(letterOf(start) + text) },
    ],
    terminated: true,
    truncated: false,
  };
}

/** Always goes on to the first node that is nearest to the goal. */
function shortestWalk(graph: Graph, { shortest }: WalkReturns): TextPolicy {
  return {
    reset: () => undefined,
    answer(heard) {
      let node = nodeOf(heard);
      let text = '';
      while (node !== 0) {
        node = graph[node].find((next) => shortest[next] === shortest[node] - 1)!;
        text += letterOf(node);
      }
      return text;
    },
  };
}
