/** Children a node: 8 doubles are one cache line, and a million leaves are 7 levels deep instead of 20. */
const SHIFT = 3;
const FANOUT = 1 << SHIFT;

/**
 * Priorities of a fixed number of leaves, with their sums above them in a tree, so that a leaf is drawn in
 * proportion to its priority in O(log n) (Schaul et al., "Prioritized Experience Replay", 2016, appendix B.2.1).
 * A node is always the sum of its children as they are, so no rounding error builds up.
 */
export class SumTree {
  readonly leaves: number;
  /** Where each level begins in `#nodes`, from the leaves up; the last level is one node, the total. */
  readonly #levels: number[] = [];
  readonly #nodes: Float64Array;
  #touched = new Int32Array(0);

  /** @param leaves how many; all begin at 0. */
  constructor(leaves: number) {
    this.leaves = leaves;
    let end = 0;
    for (let count = leaves; ; count = Math.ceil(count / FANOUT)) {
      this.#levels.push(end);
      if (count === 1) break;
      end += Math.ceil(count / FANOUT) * FANOUT;
    }
    this.#nodes = new Float64Array(end + 1);
  }

  get total(): number {
    return this.#nodes[this.#nodes.length - 1];
  }

  get(leaf: number): number {
    return this.#nodes[leaf];
  }

  /**
   * Gives `count` leaves new priorities (each finite, ≥ 0). A leaf that is named twice keeps the later one.
   * Neighbours share their way up, so sorted leaves cost least.
   */
  setMany(leaves: Int32Array, priorities: Float64Array, count: number): void {
    const nodes = this.#nodes;
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
    const touched = this.#touched;
    for (let i = 0; i < count; i++) {
      nodes[leaves[i]] = priorities[i];
      touched[i] = leaves[i];
    }
    this.#sumAbove(count);
  }

  /** Gives the leaves from `start` to `end` (exclusive) one priority. */
  fill(start: number, end: number, priority: number): void {
    this.#nodes.fill(priority, start, end);
    const first = start >> SHIFT;
    const count = end > start ? ((end - 1) >> SHIFT) - first + 1 : 0;
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#touched[i] = (first + i) << SHIFT;
    this.#sumAbove(count);
  }

  /** Recomputes every node above the `count` leaves in `#touched`. */
  #sumAbove(count: number): void {
    const nodes = this.#nodes;
    const touched = this.#touched;
    let remaining = count;
    for (let level = 1; level < this.#levels.length; level++) {
      const below = this.#levels[level - 1];
      const here = this.#levels[level];
      let kept = 0;
      let last = -1;
      for (let i = 0; i < remaining; i++) {
        const node = touched[i] >> SHIFT;
        if (node === last) continue;
        last = node;
        touched[kept++] = node;
        const child = below + (node << SHIFT);
        nodes[here + node] =
          nodes[child] +
          nodes[child + 1] +
          nodes[child + 2] +
          nodes[child + 3] +
          (nodes[child + 4] + nodes[child + 5] + nodes[child + 6] + nodes[child + 7]);
      }
      remaining = kept;
    }
  }

  /**
   * The leaf in whose share of the total `mass` lies, 0 ≤ mass < total: the first whose running sum exceeds it.
   * Never a leaf of priority 0 (while the total is above 0).
   */
  find(mass: number): number {
    const nodes = this.#nodes;
    let node = 0;
    let rest = mass;
    for (let level = this.#levels.length - 2; level >= 0; level--) {
      const first = this.#levels[level] + (node << SHIFT);
      let child = first;
      const end = first + FANOUT;
      while (child < end && rest >= nodes[child]) rest -= nodes[child++];
      if (child === end) {
        // Rounding took `rest` past the last child: it belongs to the last that has any share.
        do child--;
        while (nodes[child] === 0);
        rest = nodes[child] * (1 - Number.EPSILON);
      }
      node = child - this.#levels[level];
    }
    return node;
  }
}
