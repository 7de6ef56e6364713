/** 16 leaves a group, and 8 children a node above: each is one cache line. */
const GROUP_SHIFT = 4;
const SHIFT = 3;

/**
 * Priorities of a fixed number of leaves, with their sums above them in a tree, so that a leaf is drawn in
 * proportion to its priority in O(log n) (Schaul et al., "Prioritized Experience Replay", 2016, appendix B.2.1).
 * A sum is always that of the children as they are, so no rounding error builds up.
 *
 * Draws go down level by level for a whole batch: neither a step's branches nor its cache misses then wait for the
 * step before. For that, a node keeps beside each child's sum the sum of the children before it.
 */
export class SumTree {
  readonly leaves: number;
  readonly #leaves: Float32Array;
  /** Where each level above the leaves begins in `#sums` and `#before`, from below; the last has one node's children. */
  readonly #levels: number[] = [];
  readonly #sums: Float64Array;
  readonly #before: Float64Array;
  #total = 0;
  /** Nodes on the way up. */
  #touched = new Int32Array(0);

  /** @param leaves how many; all begin at 0. */
  constructor(leaves: number) {
    this.leaves = leaves;
    let size = 0;
    const groups = Math.ceil(leaves / 16);
    for (let nodes = groups; ; nodes = Math.ceil(nodes / 8)) {
      this.#levels.push(size);
      size += Math.ceil(nodes / 8) * 8;
      if (nodes <= 8) break;
    }
    this.#leaves = new Float32Array(groups * 16);
    this.#sums = new Float64Array(size);
    this.#before = new Float64Array(size);
  }

  get total(): number {
    return this.#total;
  }

  get(leaf: number): number {
    return this.#leaves[leaf];
  }

  /**
   * Gives `count` leaves new priorities (finite as float32, ≥ 0). A leaf that is named twice keeps the later one.
   * Neighbours share their way up, so sorted leaves cost least.
   */
  setMany(leaves: Int32Array, priorities: Float64Array, count: number): void {
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      this.#leaves[leaves[i]] = priorities[i];
      this.#touched[i] = leaves[i] >> GROUP_SHIFT;
    }
    this.#sumUp(count);
  }

  /** Gives the leaves from `start` to `end` (exclusive) one priority. */
  fill(start: number, end: number, priority: number): void {
    if (end <= start) return;
    this.#leaves.fill(priority, start, end);
    const first = start >> GROUP_SHIFT;
    const count = ((end - 1) >> GROUP_SHIFT) - first + 1;
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#touched[i] = first + i;
    this.#sumUp(count);
  }

  /**
   * Brings all sums above the `count` groups of leaves in `#touched` up to date. Written out, since loops over a node's
   * children take half as long again; in pairs of pairs, since a processor adds those at once.
   */
  #sumUp(count: number): void {
    const touched = this.#touched;
    const leaves = this.#leaves;
    const sums = this.#sums;
    const before = this.#before;
    let kept = 0;
    for (let i = 0, last = -1; i < count; i++) {
      const node = touched[i];
      if (node === last) continue;
      last = node;
      touched[kept++] = node;
      const at = node << GROUP_SHIFT;
      sums[node] = sumOfEight(leaves, at) + sumOfEight(leaves, at + 8);
    }
    for (let level = 0; level < this.#levels.length; level++) {
      const here = this.#levels[level];
      const above = this.#levels[level + 1];
      const remaining = kept;
      kept = 0;
      for (let i = 0, last = -1; i < remaining; i++) {
        const node = touched[i] >> SHIFT;
        if (node === last) continue;
        last = node;
        touched[kept++] = node;
        const at = here + (node << SHIFT);
        let sum = sums[at];
        before[at + 1] = sum;
        sum += sums[at + 1];
        before[at + 2] = sum;
        sum += sums[at + 2];
        before[at + 3] = sum;
        sum += sums[at + 3];
        before[at + 4] = sum;
        sum += sums[at + 4];
        before[at + 5] = sum;
        sum += sums[at + 5];
        before[at + 6] = sum;
        sum += sums[at + 6];
        before[at + 7] = sum;
        sum += sums[at + 7];
        if (above === undefined) this.#total = sum;
        else sums[above + node] = sum;
      }
    }
  }

  /**
   * The first levels of a batch's way down, by one walk over the sums of a level that has about as many as there are
   * masses: from one rising mass to the next there are few. Writes the children it came to into `leaves`, and leaves in
   * `masses` what remains within them.
   * @returns that level; the number of levels, with all at the root, where no level has so few.
   */
  #sweep(masses: Float64Array, leaves: Int32Array, count: number): number {
    const levels = this.#levels.length;
    let level = 0;
    while (level < levels && this.leaves >> (GROUP_SHIFT + SHIFT * level) > 2 * count) level++;
    leaves.fill(0, 0, count);
    if (level === levels) return level;
    const sums = this.#sums;
    const here = this.#levels[level];
    const last = here + ((this.leaves - 1) >> (GROUP_SHIFT + SHIFT * level));
    let at = here;
    let passed = 0;
    for (let i = 0; i < count; i++) {
      const mass = masses[i];
      if (mass < passed) {
        at = here;
        passed = 0;
      }
      while (at < last && mass - passed >= sums[at]) passed += sums[at++];
      masses[i] = mass - passed;
      leaves[i] = at - here;
    }
    return level;
  }

  /**
   * For each of `count` masses (0 ≤ mass < total) the leaf in whose share of the total it lies: the first whose
   * running sum exceeds it. Never a leaf of priority 0, while the total is above 0. Overwrites `masses`; rising ones
   * cost least.
   */
  findMany(masses: Float64Array, leaves: Int32Array, count: number): void {
    const before = this.#before;
    for (let level = this.#sweep(masses, leaves, count) - 1; level >= 0; level--) {
      const here = this.#levels[level];
      for (let i = 0; i < count; i++) {
        const mass = masses[i];
        const node = leaves[i] << SHIFT;
        const at = here + node;
        // Number(a >= b) compiles to no branch, which would be mispredicted every other time.
        const child =
          Number(mass >= before[at + 1]) +
          Number(mass >= before[at + 2]) +
          Number(mass >= before[at + 3]) +
          Number(mass >= before[at + 4]) +
          Number(mass >= before[at + 5]) +
          Number(mass >= before[at + 6]) +
          Number(mass >= before[at + 7]);
        masses[i] = mass - before[at + child];
        leaves[i] = node + child;
      }
    }
    const priorities = this.#leaves;
    const most = this.leaves - 1;
    for (let i = 0; i < count; i++) {
      let mass = masses[i];
      let at = leaves[i] << GROUP_SHIFT;
      const half = sumOfEight(priorities, at);
      const upper = Number(mass >= half);
      mass -= upper * half;
      at += upper << SHIFT;
      const p0 = priorities[at];
      const p1 = p0 + priorities[at + 1];
      const p2 = p1 + priorities[at + 2];
      const p3 = p2 + priorities[at + 3];
      const p4 = p3 + priorities[at + 4];
      const p5 = p4 + priorities[at + 5];
      const p6 = p5 + priorities[at + 6];
      let leaf =
        at +
        Number(mass >= p0) +
        Number(mass >= p1) +
        Number(mass >= p2) +
        Number(mass >= p3) +
        Number(mass >= p4) +
        Number(mass >= p5) +
        Number(mass >= p6);
      // Rounding (once in 10¹⁵ draws) took the mass past the last leaf with a share: that one is to the left.
      if (leaf > most) leaf = most;
      while (leaf > 0 && priorities[leaf] === 0) leaf--;
      leaves[i] = leaf;
    }
  }
}

function sumOfEight(values: Float32Array, at: number): number {
  const first = values[at] + values[at + 1] + (values[at + 2] + values[at + 3]);
  const last = values[at + 4] + values[at + 5] + (values[at + 6] + values[at + 7]);
  return first + last;
}
