import type { NumpyRandom } from '@qfleet/random';

/** The nodes `a` to `u`; `a`, node 0, is the goal. */
export const NODES = 21;
const EDGE_PROBABILITY = 0.1;

/** A node's letter. */
export const letterOf = (node: number): string => String.fromCharCode(97 + node);

/** A letter's node; −1: it is no node's. */
export function nodeOf(letter: string): number {
  const node = letter.charCodeAt(0) - 97;
  return letter.length === 1 && node >= 0 && node < NODES ? node : -1;
}

/** The successors of each node, in order; none of the goal, which absorbs. */
export type Graph = readonly (readonly number[])[];

/**
 * A directed graph as trlx draws it from NumPy's `RandomState(seed)`: each ordered pair with probability 0.1, again until
 * every node has an outgoing edge; then the goal's are removed.
 */
export function drawGraph(random: NumpyRandom): Graph {
  for (;;) {
    const successors: number[][] = [];
    for (let from = 0; from < NODES; from++) {
      successors.push([]);
      for (let to = 0; to < NODES; to++) {
        if (random.uniform() > 1 - EDGE_PROBABILITY && to !== from) successors[from].push(to);
      }
    }
    if (successors.some((each) => each.length === 0)) continue;
    successors[0] = [];
    return successors;
  }
}
