import type { Random } from '@qfleet/random';
import { MinTree } from './min-tree.ts';
import { SumTree } from './sum-tree.ts';

export interface PrioritizedOptions {
  /** How strongly priorities count: P(i) ∝ pᵢ^α; 0 is uniform. */
  readonly alpha: number;
  /** Added to |TD error|, so that every transition can be sampled again. */
  readonly epsilon: number;
  /** Whose largest importance weight is 1: of each batch's (default), or of all transitions'. */
  readonly importanceWeights?: 'batch' | 'table';
}

/** What a leaf may hold: above 0 and below infinity as float32, and so are the sums. */
const SMALLEST = 1e-30;
const LARGEST = 1e30;

/**
 * Proportional prioritization (Schaul et al., "Prioritized Experience Replay", 2016, section 3.3): leaves hold
 * pᵢ^α with pᵢ = |δᵢ| + ε, and P(i) = pᵢ^α / Σ pₖ^α.
 */
export class Prioritized {
  readonly #tree: SumTree;
  readonly #minima: MinTree | null;
  readonly #options: PrioritizedOptions;
  /** The highest pᵢ^α given so far: what a new transition without a priority of its own gets. */
  #highest = 1;
  #masses = new Float64Array(0);
  #scaled = new Float64Array(0);
  #leaves = new Int32Array(0);

  constructor(leaves: number, options: PrioritizedOptions) {
    if (!(options.alpha >= 0))
      throw new RangeError(`Priority exponent α is at least 0, not ${options.alpha}.`);
    if (!(options.epsilon > 0)) throw new RangeError(`Priority offset ε is above 0, not ${options.epsilon}.`);
    this.#tree = new SumTree(leaves);
    this.#minima = options.importanceWeights === 'table' ? new MinTree(leaves) : null;
    this.#options = options;
  }

  /** Σ pₖ^α. */
  get total(): number {
    return this.#tree.total;
  }

  /** The smallest pᵢ^α of a table whose weights are normalised by its largest; else null. */
  get smallest(): number | null {
    return this.#minima?.smallest ?? null;
  }

  /** pᵢ^α of a leaf. */
  get(leaf: number): number {
    return this.#tree.get(leaf);
  }

  /** Enters a chunk's leaves, from `start` around the ring. */
  add(start: number, length: number, priorities: Float32Array | null): void {
    if (priorities === null) {
      this.#fill(start, length, this.#highest);
      return;
    }
    this.#reserve(length);
    for (let i = 0; i < length; i++) this.#leaves[i] = (start + i) % this.#tree.leaves;
    this.#set(priorities, length);
  }

  /** Enters one leaf, `step` after `start`; a priority of null: the highest so far. */
  addAt(start: number, step: number, priority: number | null): void {
    const { alpha, epsilon } = this.#options;
    const leaf = (start + step) % this.#tree.leaves;
    if (priority === null) this.#fill(leaf, 1, this.#highest);
    else this.#enterAt(leaf, (Math.abs(priority) + epsilon) ** alpha);
  }

  /** Enters one leaf, `step` after `start`, with what `read` gave of it. */
  restoreAt(start: number, step: number, value: number): void {
    this.#enterAt((start + step) % this.#tree.leaves, value);
  }

  #enterAt(leaf: number, value: number): void {
    this.#reserve(1);
    this.#leaves[0] = leaf;
    this.#enter(0, value);
    this.#setMany(1);
  }

  /** Copies pᵢ^α of a chunk's leaves into `out`. */
  read(start: number, out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.#tree.get((start + i) % this.#tree.leaves);
  }

  /** Enters a chunk's leaves with what `read` gave of them, in this process or one before it. */
  restore(start: number, values: Float32Array): void {
    this.#reserve(values.length);
    for (let i = 0; i < values.length; i++) {
      this.#leaves[i] = (start + i) % this.#tree.leaves;
      this.#enter(i, values[i]);
    }
    this.#setMany(values.length);
  }

  /** Takes a chunk's leaves out: they are never drawn again. */
  remove(start: number, length: number): void {
    this.#fill(start, length, 0);
  }

  /** Gives leaves the priorities that follow from their errors. */
  update(leaves: Int32Array, errors: Float32Array, count: number): void {
    this.#reserve(count);
    this.#leaves.set(count === leaves.length ? leaves : leaves.subarray(0, count));
    this.#set(errors, count);
  }

  /** Draws `count` leaves, stratified: one from each of `count` equal parts of the total, in their order. */
  draw(leaves: Int32Array, count: number, random: Random): void {
    if (this.#masses.length < count) this.#masses = new Float64Array(count);
    const share = this.#tree.total / count;
    for (let i = 0; i < count; i++) this.#masses[i] = (i + random.uniform()) * share;
    this.#tree.findMany(this.#masses, leaves, count);
  }

  #fill(start: number, length: number, priority: number): void {
    const { leaves } = this.#tree;
    const end = Math.min(leaves, start + length);
    const wrapped = start + length - end;
    this.#tree.fill(start, end, priority);
    this.#tree.fill(0, wrapped, priority);
    this.#minima?.fill(start, end, priority);
    this.#minima?.fill(0, wrapped, priority);
  }

  /** Sets the first `count` of `#leaves` to what is in `#scaled`. */
  #setMany(count: number): void {
    this.#tree.setMany(this.#leaves, this.#scaled, count);
    this.#minima?.setMany(this.#leaves, this.#scaled, count);
  }

  /** Sets the first `count` of `#leaves` to (|error| + ε)^α. */
  #set(errors: Float32Array, count: number): void {
    const { alpha, epsilon } = this.#options;
    for (let i = 0; i < count; i++) this.#enter(i, (Math.abs(errors[i]) + epsilon) ** alpha);
    this.#setMany(count);
  }

  #enter(i: number, priority: number): void {
    // NaN, of a block that was corrupted, becomes the smallest too.
    const p = priority >= SMALLEST ? Math.min(priority, LARGEST) : SMALLEST;
    this.#scaled[i] = p;
    if (p > this.#highest) this.#highest = p;
  }

  #reserve(count: number): void {
    if (this.#scaled.length >= count) return;
    this.#scaled = new Float64Array(count);
    this.#leaves = new Int32Array(count);
  }
}
