import type { Random } from '@qfleet/random';
import type { Batch } from './batch.ts';
import type { FetchRows } from './fetch-rows.ts';
import type { Prioritized } from './prioritized.ts';
import type { ChunkRecord, TransitionIndex } from './transition-index.ts';
import type { Assembler } from './units/unit.ts';

export interface SampleOptions {
  /** Exponent of the importance weights wᵢ = (N·P(i))^−β / max w; only with priorities. Default 0: all 1. */
  readonly beta?: number;
  /** Whether a transition may come twice in a batch. Default true. */
  readonly replacement?: boolean;
}

/** A batch that is being filled. */
interface Filling {
  readonly batch: Batch;
  readonly random: Random;
  readonly beta: number;
  /** The smallest N·P(i) of the table, where weights are normalised by its largest; else infinity. */
  readonly smallest: number;
  /** The handles that were taken, where none may come twice. */
  readonly taken: Set<number> | null;
}

/** Rows of a batch that wait for chunks which are fetched together. */
interface Portion {
  readonly rows: number[];
  readonly chunks: Set<ChunkRecord>;
  steps: number;
}

/** Draws that a row may take before sampling gives up. */
const MOST_DRAWS = 1000;

/** Draws places and fills batches with them, several at a time where they wait for something to be fetched. */
export class Sampler {
  readonly #index: TransitionIndex;
  readonly #priorities: Prioritized | null;
  readonly #assembler: Assembler;
  readonly #fetch: FetchRows;
  /** Scratch of one synchronous stretch: the rows' leaves and chunks, and chunks that are not cached. */
  #leaves = new Int32Array(0);
  readonly #chunks: ChunkRecord[] = [];
  readonly #missing: ChunkRecord[] = [];

  constructor(
    index: TransitionIndex,
    priorities: Prioritized | null,
    assembler: Assembler,
    fetch: FetchRows,
  ) {
    this.#index = index;
    this.#priorities = priorities;
    this.#assembler = assembler;
    this.#fetch = fetch;
  }

  /**
   * Fills `batch`.
   * @returns null where that is done; else a promise of it, until which the batch is not to be touched.
   * @throws RangeError as `Replay.sample`, at once or by the promise.
   */
  fill(batch: Batch, random: Random, options: SampleOptions): Promise<void> | null {
    const { beta = 0, replacement = true } = options;
    const { size } = this.#index;
    if (size === 0 || (!replacement && size < batch.size))
      throw new RangeError(`The replay holds ${size} transitions; a batch of ${batch.size} was asked for.`);
    this.#assembler.reserve(batch.size);
    if (this.#leaves.length < batch.size) this.#leaves = new Int32Array(batch.size);
    const taken = replacement ? null : new Set<number>();
    const filling: Filling = { batch, random, beta, smallest: this.#smallest(), taken };
    this.#draw(filling);
    const portions = this.#locate(batch);
    this.#assembler.copy(batch);
    if (portions !== null) return this.#complete(filling, portions);
    this.#weigh(filling);
    return null;
  }

  /** Draws a transition for each row: its handle into `leaves`, N·P(i) into `weights`. */
  #draw(filling: Filling): void {
    const index = this.#index;
    const leaves = this.#leaves;
    const { batch, random } = filling;
    const { size } = batch;
    if (this.#priorities) {
      this.#priorities.draw(leaves, size, random);
    } else {
      for (let row = 0; row < size; row++)
        leaves[row] = index.leafOf(index.handle(Math.floor(random.uniform() * index.size)));
    }
    index.chunksAt(leaves, size, this.#chunks);
    for (let row = 0; row < size; row++) this.#settle(filling, row, 0);
  }

  /** Takes row `row`'s drawn leaf, or draws others until one can be taken; at once where it was drawn before. */
  #settle({ batch, random, taken }: Filling, row: number, drawsBefore: number): void {
    const index = this.#index;
    const priorities = this.#priorities;
    for (let draws = drawsBefore; draws < MOST_DRAWS && index.size > 0 && priorities?.total !== 0; draws++) {
      if (draws > 0) this.#redraw(row, random);
      const leaf = this.#leaves[row];
      if (!this.#assembler.usable(this.#chunks[row], leaf)) continue;
      const handle = index.handleAt(leaf);
      if (taken !== null) {
        if (taken.has(handle)) continue;
        taken.add(handle);
      }
      batch.handles[row] = handle;
      if (priorities) batch.weights[row] = (priorities.get(leaf) / priorities.total) * index.size;
      return;
    }
    throw new RangeError(
      `No transition to sample was found in ${MOST_DRAWS} draws (the replay holds ${index.size}): its chunks ` +
        'are gone from the store, or a batch without replacement is nearly as large as the replay.',
    );
  }

  /** Draws another leaf for a row, from all. */
  #redraw(row: number, random: Random): void {
    const index = this.#index;
    const leaf = this.#leaves.subarray(row, row + 1);
    if (this.#priorities) this.#priorities.draw(leaf, 1, random);
    else leaf[0] = index.leafOf(index.handle(Math.floor(random.uniform() * index.size)));
    this.#chunks[row] = index.chunkAt(leaf[0]);
  }

  /** Locates all rows; those that wait for chunks, in portions; null where none does. */
  #locate(batch: Batch): Portion[] | null {
    const missing = this.#missing;
    let portions: Portion[] | null = null;
    for (let row = 0; row < batch.size; row++) {
      this.#assembler.locate(batch, row, this.#chunks[row], this.#leaves[row], missing);
      if (missing.length === 0) continue;
      portions ??= [];
      let portion = portions.at(-1);
      if (portion === undefined || portion.steps >= this.#fetch.stepsAtATime) {
        portion = { rows: [], chunks: new Set(), steps: 0 };
        portions.push(portion);
      }
      addRow(portion, row, missing);
      missing.length = 0;
    }
    return portions;
  }

  async #complete(filling: Filling, portions: readonly Portion[]): Promise<void> {
    // All end before a failure is thrown: from then on nothing more is written into the batch.
    const results = await Promise.allSettled(portions.map((portion) => this.#fill(filling, portion)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#weigh(filling);
  }

  /** Fetches what a portion's rows need, and fills them. */
  async #fill(filling: Filling, portion: Portion): Promise<void> {
    const missing = this.#missing;
    // All that came stays: what was cached when a row was located may have left the cache since, and is fetched next.
    const fetched = new Map<ChunkRecord, Uint8Array>();
    while (portion.rows.length > 0) {
      await this.#fetch.bring([...portion.chunks], fetched);
      const later: Portion = { rows: [], chunks: new Set(), steps: 0 };
      for (const row of portion.rows) {
        this.#restore(filling, row);
        const [chunk, leaf] = [this.#chunks[row], this.#leaves[row]];
        this.#assembler.copyFetched(filling.batch, row, chunk, leaf, fetched, missing);
        if (missing.length > 0) addRow(later, row, missing);
        missing.length = 0;
      }
      portion = later;
    }
  }

  /** Puts a row's leaf and chunk back into the scratch; others where they were dropped or lost since they were drawn. */
  #restore(filling: Filling, row: number): void {
    const index = this.#index;
    const handle = filling.batch.handles[row];
    const leaf = index.leafOf(handle);
    if (index.holds(handle)) {
      this.#leaves[row] = leaf;
      this.#chunks[row] = index.chunkAt(leaf);
      if (this.#assembler.usable(this.#chunks[row], leaf)) return;
    }
    this.#settle(filling, row, 1);
  }

  #smallest(): number {
    const smallest = this.#priorities?.smallest ?? null;
    return smallest === null
      ? Number.POSITIVE_INFINITY
      : (smallest / this.#priorities!.total) * this.#index.size;
  }

  /**
   * wᵢ = (N·P(i))^−β, divided by the largest of the batch (Schaul et al., 2016, section 3.4), or of the table as it was
   * when the batch was drawn (OpenAI Baselines; a row that was drawn again later may have a larger one).
   */
  #weigh({ batch: { weights }, beta, smallest }: Filling): void {
    if (this.#priorities === null) {
      weights.fill(1);
      return;
    }
    let largest = smallest ** -beta;
    for (let i = 0; i < weights.length; i++) {
      weights[i] **= -beta;
      if (weights[i] > largest) largest = weights[i];
    }
    for (let i = 0; i < weights.length; i++) weights[i] /= largest;
  }
}

function addRow(portion: Portion, row: number, missing: readonly ChunkRecord[]): void {
  portion.rows.push(row);
  for (const chunk of missing) {
    if (portion.chunks.has(chunk)) continue;
    portion.chunks.add(chunk);
    portion.steps += chunk.length;
  }
}
