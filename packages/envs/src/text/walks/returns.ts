import { type Graph, NODES, nodeOf } from './graph.ts';

/** The nodes that a walk may have, its start included. */
export const MOST_NODES = 10;

/** What is known of a graph by dynamic programming. */
export interface WalkReturns {
  /** The nodes of the shortest walk from each node to the goal, both included; infinity: there is none. */
  readonly shortest: readonly number[];
  /**
   * The return of a walk, written as letters: (10 − n)/(10 − s) for n nodes up to the first `a`, where the shortest has s; 0
   * where it takes an edge that does not exist, has another letter, or is not at `a` within 10 nodes.
   */
  of(walk: string): number;
  /** The largest return of a walk that begins with these letters: V* of a prefix, and Q* of its last letter. */
  best(prefix: string): number;
  /** The mean return of walks from `start` that follow uniformly drawn edges. */
  uniform(start: number): number;
}

export function walkReturns(graph: Graph): WalkReturns {
  const shortest = shortestWalks(graph);
  const scale = (nodes: number, start: number): number =>
    nodes > MOST_NODES ? 0 : (MOST_NODES - nodes) / (MOST_NODES - shortest[start]);
  /** Where a walk stands: its last node and how many it has up to the first `a`; null: it broke a rule. */
  const follow = (walk: string): { node: number; nodes: number } | null => {
    let node = nodeOf(walk[0] ?? '');
    if (node < 0) return null;
    let nodes = 1;
    for (const letter of walk.slice(1)) {
      if (node === 0) break;
      const next = nodeOf(letter);
      if (!graph[node].includes(next)) return null;
      node = next;
      nodes++;
    }
    return { node, nodes };
  };
  return {
    shortest,
    of(walk) {
      const at = follow(walk);
      return at === null || at.node !== 0 ? 0 : scale(at.nodes, nodeOf(walk[0]));
    },
    best(prefix) {
      const at = follow(prefix);
      return at === null ? 0 : scale(at.nodes + shortest[at.node] - 1, nodeOf(prefix[0]));
    },
    uniform(start) {
      // arriving[node]: the mean return of a walk that stands there with so many nodes.
      let arriving = Array.from({ length: NODES }, (_, node) => (node === 0 ? scale(MOST_NODES, start) : 0));
      for (let nodes = MOST_NODES - 1; nodes >= 1; nodes--) {
        const later = arriving;
        arriving = graph.map((successors, node) =>
          node === 0
            ? scale(nodes, start)
            : successors.reduce((sum, next) => sum + later[next], 0) / successors.length,
        );
      }
      return arriving[start];
    },
  };
}

/** Breadth-first from the goal, against the edges. */
function shortestWalks(graph: Graph): number[] {
  const nodes = Array.from({ length: NODES }, (_, node) => (node === 0 ? 1 : Number.POSITIVE_INFINITY));
  for (let length = 2; length <= NODES; length++) {
    graph.forEach((successors, node) => {
      if (nodes[node] > length && successors.some((next) => nodes[next] === length - 1)) nodes[node] = length;
    });
  }
  return nodes;
}
