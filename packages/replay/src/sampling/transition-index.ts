import type { Chunk } from '../chunk/chunk.ts';
import type { ColumnValues } from '../chunk/columns.ts';
import { Fifo } from '../fifo.ts';
import { type RewardShaping, shapeReward } from './sample-unit.ts';

/** What the learner knows of a chunk beside its columns. What sampling reads comes first, to lie together. */
export interface ChunkRecord {
  /** The leaf of its first transition; the others follow around the ring. */
  readonly start: number;
  readonly length: number;
  /** Whether its last step terminated the episode. */
  readonly terminated: boolean;
  /** Whether the store no longer has it (or only a corrupted value), though it was not dropped in turn yet. */
  gone: boolean;
  /** Whether it was dropped in turn, so that its leaves may be another's. */
  dropped: boolean;
  /** Whether its priorities changed since they were last saved. */
  unsaved: boolean;
  /** Its first row in the observation cache, or −1. */
  row: number;
  /** The same episode's chunks before and after it, where they are there. */
  next: ChunkRecord | null;
  previous: ChunkRecord | null;
  /** Steps of the episode before it. */
  readonly offset: number;
  readonly id: number;
  /** By which its value is known when it is fetched again. */
  readonly checksum: number;
  readonly writer: string;
  readonly slot: number;
  readonly episode: number;
  readonly ended: boolean;
  /** Its named columns; null where the layout has none. */
  readonly columns: ColumnValues | null;
}

/** The end of an n-step return. */
export interface Horizon {
  return: number;
  /** γᵐ, or 0 after a termination. */
  discount: number;
  /** Where the state lies that is bootstrapped from: row `step` of `chunk`'s observations. */
  chunk: ChunkRecord;
  step: number;
}

/** Words of a leaf in `#steps`: place, action, reward, and one that is free. */
const WORDS = 4;

/**
 * All transitions that the replay holds, oldest first, on a ring of leaves. A transition has a serial number
 * (0, 1, 2 …); its leaf is the serial modulo the ring, and its handle is the serial's low 31 bits, which tells
 * leaf and lap at once. Rewards and actions of every transition are here; observations are not.
 */
export class TransitionIndex {
  readonly leaves: number;
  readonly #mask: number;
  /** A leaf's place in `#table`, action and reward side by side: one cache miss instead of three. */
  readonly #steps: Int32Array;
  readonly #rewards: Float32Array;
  #places = new Int32Array(0);
  readonly #table: (ChunkRecord | null)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #records = new Fifo<ChunkRecord>();
  /** The last chunk of each writer's slots, for the links. */
  readonly #latest = new Map<string, Map<number, ChunkRecord>>();
  readonly #shaping: RewardShaping | undefined;
  #head = 0;
  #tail = 0;

  /**
   * @param transitions the most that are held at a time.
   * @param shaping what rewards count as when they are read; the replay keeps them as they came.
   */
  constructor(transitions: number, shaping?: RewardShaping) {
    if (!Number.isInteger(transitions) || transitions < 1 || transitions > 2 ** 30)
      throw new RangeError(`A replay's capacity is 1 to 2^30 transitions, not ${transitions}.`);
    this.#shaping = shaping;
    this.leaves = 2 ** Math.ceil(Math.log2(transitions));
    this.#mask = this.leaves - 1;
    this.#steps = new Int32Array(this.leaves * WORDS);
    this.#rewards = new Float32Array(this.#steps.buffer);
  }

  /** Transitions held. */
  get size(): number {
    return this.#head - this.#tail;
  }

  get oldest(): ChunkRecord | null {
    return this.#records.at(0) ?? null;
  }

  /** The handle of the i-th transition from the oldest. */
  handle(i: number): number {
    return (this.#tail + i) & 0x7fffffff;
  }

  leafOf(handle: number): number {
    return handle & this.#mask;
  }

  /** The handle of the transition that lies at `leaf` now. */
  handleAt(leaf: number): number {
    return this.handle((leaf - this.#tail) & this.#mask);
  }

  /** Whether the transition of `handle` is still held. */
  holds(handle: number): boolean {
    const age = (this.#head - handle) & 0x7fffffff;
    return age > 0 && age <= this.size;
  }

  /** The chunks of several leaves. All are looked up before any is read, so that their cache misses overlap. */
  chunksAt(leaves: Int32Array, count: number, out: ChunkRecord[]): void {
    if (this.#places.length < count) this.#places = new Int32Array(count);
    const places = this.#places;
    for (let i = 0; i < count; i++) places[i] = this.#steps[leaves[i] * WORDS];
    for (let i = 0; i < count; i++) out[i] = this.#table[places[i]]!;
  }

  chunkAt(leaf: number): ChunkRecord {
    return this.#table[this.#steps[leaf * WORDS]]!;
  }

  actionAt(leaf: number): number {
    return this.#steps[leaf * WORDS + 1];
  }

  /** The caller makes room first (`size + length ≤ leaves`). */
  add(id: number, chunk: Chunk, checksum: number): ChunkRecord {
    const { writer, slot, episode, offset, length, end, actions, rewards } = chunk;
    const start = this.#head & this.#mask;
    const record: ChunkRecord = {
      start,
      length,
      terminated: end === 'terminated',
      gone: false,
      dropped: false,
      unsaved: false,
      row: -1,
      next: null,
      previous: null,
      offset,
      id,
      checksum,
      writer,
      slot,
      episode,
      ended: end !== 'continues',
      columns: chunk.columns ? copyOf(chunk.columns) : null,
    };
    const place = this.#freePlaces.pop() ?? this.#table.length;
    this.#table[place] = record;
    this.#records.push(record);
    for (let t = 0; t < length; t++) {
      const at = ((start + t) & this.#mask) * WORDS;
      this.#steps[at] = place;
      this.#steps[at + 1] = actions[t];
      this.#rewards[at + 2] = rewards[t];
    }
    this.#head += length;
    this.#link(record);
    return record;
  }

  #link(record: ChunkRecord): void {
    let slots = this.#latest.get(record.writer);
    if (slots === undefined) {
      slots = new Map();
      this.#latest.set(record.writer, slots);
    }
    const last = slots.get(record.slot);
    if (last?.episode === record.episode && last.offset + last.length === record.offset && !last.ended) {
      last.next = record;
      record.previous = last;
    }
    slots.set(record.slot, record);
  }

  /** Takes the oldest chunk out. */
  dropOldest(): ChunkRecord {
    const record = this.#records.shift();
    record.dropped = true;
    const place = this.#steps[record.start * WORDS];
    this.#table[place] = null;
    this.#freePlaces.push(place);
    this.unlink(record);
    const slots = this.#latest.get(record.writer);
    if (slots?.get(record.slot) === record) {
      slots.delete(record.slot);
      if (slots.size === 0) this.#latest.delete(record.writer);
    }
    this.#tail += record.length;
    return record;
  }

  /** Cuts a chunk off from its neighbours: no return or frame stack goes past it. */
  unlink(record: ChunkRecord): void {
    if (record.next) record.next.previous = null;
    if (record.previous) record.previous.next = null;
    record.next = null;
    record.previous = null;
  }

  /**
   * The n-step return from `leaf`, which lies in `first`: Σ γᵏ r over m ≤ n steps, fewer where the episode ends or its next chunk is not
   * there (yet). It is always discounted by γᵐ with the m that was summed.
   */
  horizon(first: ChunkRecord, leaf: number, n: number, gamma: number, out: Horizon): void {
    let chunk = first;
    let step = this.stepOf(leaf, chunk);
    let at = leaf;
    let sum = 0;
    let discount = 1;
    for (let m = 1; ; m++) {
      sum += discount * shapeReward(this.#rewards[at * WORDS + 2], this.#shaping);
      discount *= gamma;
      step++;
      if (step < chunk.length) {
        if (m === n) break;
        at = (at + 1) & this.#mask;
        continue;
      }
      if (chunk.terminated) discount = 0;
      if (m === n || chunk.next === null) break;
      chunk = chunk.next;
      step = 0;
      at = chunk.start;
    }
    out.return = sum;
    out.discount = discount;
    out.chunk = chunk;
    out.step = step;
  }

  /** The leaf of a chunk's step. */
  leafAt(chunk: ChunkRecord, step: number): number {
    return (chunk.start + step) & this.#mask;
  }

  /** What the reward of the transition at `leaf` counts as. */
  rewardAt(leaf: number): number {
    return shapeReward(this.#rewards[leaf * WORDS + 2], this.#shaping);
  }

  /** The step within its chunk of the transition at `leaf`. */
  stepOf(leaf: number, chunk: ChunkRecord): number {
    return (leaf - chunk.start) & this.#mask;
  }
}

/** Columns on memory of their own: a chunk's would keep all of the chunk. */
const copyOf = (columns: ColumnValues): ColumnValues =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice()]));
