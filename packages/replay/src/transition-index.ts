import type { Chunk, ChunkEnd } from './chunk.ts';

/** What the learner knows of a chunk beside its columns. */
export interface ChunkRecord {
  readonly id: number;
  readonly writer: string;
  readonly sequence: number;
  readonly slot: number;
  readonly episode: number;
  readonly offset: number;
  readonly length: number;
  readonly end: ChunkEnd;
  /** The leaf of its first transition; the others follow around the ring. */
  readonly start: number;
  /** The same episode's chunks before and after it, where they are there. */
  previous: ChunkRecord | null;
  next: ChunkRecord | null;
  /** Its first row in the observation cache, or −1. */
  row: number;
  /** The store has it no longer (or only a corrupted value), though it was not dropped in turn yet. */
  gone: boolean;
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

/**
 * All transitions that the replay holds, oldest first, on a ring of leaves. A transition has a serial number
 * (0, 1, 2 …); its leaf is the serial modulo the ring, and its handle is the serial's low 31 bits, which tells
 * leaf and lap at once. Rewards and actions of every transition are here (8 bytes each); observations are not.
 */
export class TransitionIndex {
  readonly leaves: number;
  readonly rewards: Float32Array;
  readonly actions: Int32Array;
  readonly #mask: number;
  readonly #chunkOf: Int32Array;
  readonly #table: (ChunkRecord | null)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #byId = new Map<number, ChunkRecord>();
  /** The last chunk of each writer's slot, for the links. */
  readonly #latest = new Map<string, ChunkRecord>();
  #head = 0;
  #tail = 0;

  /** @param transitions the most that are held at a time. */
  constructor(transitions: number) {
    if (!Number.isInteger(transitions) || transitions < 1 || transitions > 2 ** 30)
      throw new RangeError(`A replay's capacity is 1 to 2^30 transitions, not ${transitions}.`);
    this.leaves = 2 ** Math.ceil(Math.log2(transitions));
    this.#mask = this.leaves - 1;
    this.rewards = new Float32Array(this.leaves);
    this.actions = new Int32Array(this.leaves);
    this.#chunkOf = new Int32Array(this.leaves);
  }

  /** Transitions held. */
  get size(): number {
    return this.#head - this.#tail;
  }

  get oldest(): ChunkRecord | null {
    return this.#byId.values().next().value ?? null;
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

  chunkAt(leaf: number): ChunkRecord {
    return this.#table[this.#chunkOf[leaf]]!;
  }

  /** The caller makes room first (`size + length ≤ leaves`). */
  add(id: number, chunk: Chunk): ChunkRecord {
    const { writer, sequence, slot, episode, offset, length, end } = chunk;
    const start = this.#head & this.#mask;
    const record: ChunkRecord = {
      id,
      writer,
      sequence,
      slot,
      episode,
      offset,
      length,
      end,
      start,
      previous: null,
      next: null,
      row: -1,
      gone: false,
    };
    const place = this.#freePlaces.pop() ?? this.#table.length;
    this.#table[place] = record;
    this.#byId.set(id, record);

    const before = Math.min(length, this.leaves - start);
    this.rewards.set(before === length ? chunk.rewards : chunk.rewards.subarray(0, before), start);
    this.actions.set(before === length ? chunk.actions : chunk.actions.subarray(0, before), start);
    this.#chunkOf.fill(place, start, start + before);
    if (before < length) {
      this.rewards.set(chunk.rewards.subarray(before), 0);
      this.actions.set(chunk.actions.subarray(before), 0);
      this.#chunkOf.fill(place, 0, length - before);
    }
    this.#head += length;
    this.#link(record);
    return record;
  }

  #link(record: ChunkRecord): void {
    const key = `${record.slot} ${record.writer}`;
    const last = this.#latest.get(key);
    if (
      last?.episode === record.episode &&
      last.offset + last.length === record.offset &&
      last.end === 'continues'
    ) {
      last.next = record;
      record.previous = last;
    }
    this.#latest.set(key, record);
  }

  /** Takes the oldest chunk out. */
  dropOldest(): ChunkRecord {
    const record = this.oldest!;
    const place = this.#chunkOf[record.start];
    this.#table[place] = null;
    this.#freePlaces.push(place);
    this.#byId.delete(record.id);
    if (record.next) record.next.previous = null;
    const key = `${record.slot} ${record.writer}`;
    if (this.#latest.get(key) === record) this.#latest.delete(key);
    this.#tail += record.length;
    return record;
  }

  /**
   * The n-step return from `leaf`: Σ γᵏ r over m ≤ n steps, fewer where the episode ends or its next chunk is not
   * there (yet). It is always discounted by γᵐ with the m that was summed.
   */
  horizon(leaf: number, n: number, gamma: number, out: Horizon): void {
    const { rewards } = this;
    let chunk = this.#table[this.#chunkOf[leaf]]!;
    let step = (leaf - chunk.start) & this.#mask;
    let at = leaf;
    let sum = 0;
    let discount = 1;
    for (let m = 1; ; m++) {
      sum += discount * rewards[at];
      discount *= gamma;
      step++;
      if (step < chunk.length) {
        if (m === n) break;
        at = (at + 1) & this.#mask;
        continue;
      }
      if (chunk.end === 'terminated') discount = 0;
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

  /** The step within its chunk of the transition at `leaf`. */
  stepOf(leaf: number, chunk: ChunkRecord): number {
    return (leaf - chunk.start) & this.#mask;
  }
}
