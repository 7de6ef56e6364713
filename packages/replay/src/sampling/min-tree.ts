/** Children a node, as of the sum tree. */
const SHIFT = 3;

/**
 * The smallest priority above 0 of a fixed number of leaves, with the minima of groups above them in a tree, so that a
 * change costs O(log n): what the largest importance weight of a whole table follows from.
 */
export class MinTree {
  /** The leaves, then the minima of eight of the level below, up to one; filled up with infinity. */
  readonly #levels: Float32Array[] = [];
  /** Nodes on the way up. */
  #touched = new Int32Array(0);

  /** @param leaves how many; all begin at 0. */
  constructor(leaves: number) {
    for (let size = leaves; ; size = Math.ceil(size / 8)) {
      this.#levels.push(new Float32Array(Math.ceil(size / 8) * 8).fill(Number.POSITIVE_INFINITY));
      if (size === 1) break;
    }
  }

  /** Infinity where every leaf is 0. */
  get smallest(): number {
    return this.#levels[this.#levels.length - 1][0];
  }

  /** Gives `count` leaves new priorities; 0: none. A leaf that is named twice keeps the later one. */
  setMany(leaves: Int32Array, priorities: Float64Array, count: number): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++) {
      this.#levels[0][leaves[i]] = priorities[i] || Number.POSITIVE_INFINITY;
      this.#touched[i] = leaves[i] >> SHIFT;
    }
    this.#lift(count);
  }

  /** Gives the leaves from `start` to `end` (exclusive) one priority; 0: none. */
  fill(start: number, end: number, priority: number): void {
    if (end <= start) return;
    this.#levels[0].fill(priority || Number.POSITIVE_INFINITY, start, end);
    const first = start >> SHIFT;
    const count = ((end - 1) >> SHIFT) - first + 1;
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#touched[i] = first + i;
    this.#lift(count);
  }

  /** Brings all minima above the `count` groups of leaves in `#touched` up to date. */
  #lift(count: number): void {
    const touched = this.#touched;
    let remaining = count;
    for (let level = 1; level < this.#levels.length; level++) {
      const [below, here] = [this.#levels[level - 1], this.#levels[level]];
      let kept = 0;
      for (let i = 0, last = -1; i < remaining; i++) {
        const node = touched[i];
        if (node === last) continue;
        last = node;
        let smallest = Number.POSITIVE_INFINITY;
        for (let child = node << SHIFT, end = child + 8; child < end; child++) {
          if (below[child] < smallest) smallest = below[child];
        }
        here[node] = smallest;
        touched[kept++] = node >> SHIFT;
      }
      remaining = kept;
    }
  }

  #reserve(count: number): void {
    if (this.#touched.length < count) this.#touched = new Int32Array(count);
  }
}
