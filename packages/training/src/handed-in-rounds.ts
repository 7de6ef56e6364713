import { END, makeRound, type Round } from '@qfleet/agents';
import type { RoundRunConfig } from '@qfleet/config';
import {
  type Capacity,
  ChunkError,
  ChunkFeed,
  decodeChunk,
  type Layout,
  observationBytes,
  peekChunk,
  type ReplayStore,
} from '@qfleet/replay';
import { roundLayout, takeRoundChunk } from '@qfleet/rollout';
import type { RoundSource, RoundsApart } from './trainer-parts.ts';

/** Milliseconds without any part of a round after which its weights are taken to be lost. */
const SILENT_MS = 10_000;

/** Rounds that the store has room for: one is handed in while another is learned from, and actors that were held up are late. */
const ROUNDS_KEPT = 4;
/** Bytes of a part at most, beside its steps; and of a step, beside its state. */
const PART_BYTES = 256;
const STEP_BYTES = 16;

/** The room that parts of rounds need in a store. @param layout of the run's task. */
export function roundCapacity({ agent }: RoundRunConfig, layout: Layout): Capacity {
  const { copies, steps } = agent;
  const bytes = PART_BYTES + (steps + 1) * (observationBytes(roundLayout(layout)) + STEP_BYTES);
  return { transitions: ROUNDS_KEPT * copies * steps, bytes: ROUNDS_KEPT * copies * bytes };
}

export interface HandedInRoundsParts {
  readonly config: RoundRunConfig;
  /** The layout of the run's task. */
  readonly layout: Layout;
  /** Where actors hand their slots' parts in, with the layout that `roundLayout` gives. */
  readonly store: ReplayStore;
  /** The learner's fencing token. */
  readonly fence: number;
  /** Milliseconds, from any beginning. Default: the process's own. */
  readonly now?: () => number;
}

/**
 * Rounds that actors play, each a part of the slots. A round is whole when all slots are there that are expected; once its
 * first slot has come, it waits for them for `fleet.roundPatience` seconds at most, and then goes on without them. A slot
 * that a round went on without is expected again once something of it has come.
 *
 * A part counts where it was played with the weights that the round is for: a late one is dropped. So is one that does not
 * hold what it should, and a second one of a slot.
 */
export class HandedInRounds implements RoundSource, RoundsApart {
  readonly apart = this;
  readonly #parts: HandedInRoundsParts;
  readonly #layout: Layout;
  readonly #feed: ChunkFeed;
  readonly #round: Round;
  readonly #now: () => number;
  /** By slot: whether its part of the round is there, and whether the round waits for it. */
  readonly #came: Uint8Array;
  readonly #expected: Uint8Array;
  #count = 0;
  /** When the round's first part came; null: none has. */
  #began: number | null = null;
  /** The versions of the weights that the round is for; null: they are not published yet. */
  #versions: { readonly updates: number; readonly first: number; last: number } | null = null;
  #publishedAt = 0;
  #missed = 0;
  #refused = 0;

  constructor(parts: HandedInRoundsParts) {
    const { config, layout, store, fence, now = () => performance.now() } = parts;
    const { copies, steps } = config.agent;
    this.#parts = parts;
    this.#layout = roundLayout(layout);
    this.#feed = new ChunkFeed(store, fence);
    this.#round = makeRound(layout, copies, steps);
    this.#round.ends.fill(END.lost);
    this.#now = now;
    this.#came = new Uint8Array(copies);
    this.#expected = new Uint8Array(copies).fill(1);
  }

  get round(): Round | null {
    if (this.#began === null || !(this.#isComplete || this.#isOverdue)) return null;
    const { copies } = this.#round;
    return { ...this.#round, weight: copies / this.#count };
  }

  get played(): number {
    return this.#count * this.#round.steps;
  }

  get missed(): number {
    return this.#missed;
  }

  get refused(): number {
    return this.#refused;
  }

  get losses(): number {
    return this.#feed.losses;
  }

  release(): void {
    this.#feed.countSampled(this.played * this.#parts.config.agent.epochs);
    this.#missed += this.#came.length - this.#count;
    this.#expected.set(this.#came);
    this.#came.fill(0);
    this.#round.ends.fill(END.lost);
    this.#count = 0;
    this.#began = null;
    this.#versions = null;
  }

  publishing(version: number, updates: number): void {
    this.#publishedAt = this.#now();
    // The same weights once more, as after a loss: what was played with them counts all the same.
    if (this.#versions?.updates === updates) this.#versions.last = version;
    else this.#versions = { updates, first: version, last: version };
  }

  get lacksWeights(): boolean {
    return this.#versions !== null && this.#began === null && this.#now() - this.#publishedAt >= SILENT_MS;
  }

  async synchronize(): Promise<boolean> {
    const chunks = await this.#feed.next();
    for (const { bytes } of chunks) this.#take(bytes);
    return chunks.length > 0;
  }

  get #isComplete(): boolean {
    return this.#expected.every((expected, slot) => expected === 0 || this.#came[slot] === 1);
  }

  get #isOverdue(): boolean {
    return this.#now() - this.#began! >= this.#parts.config.fleet.roundPatience * 1000;
  }

  #take(bytes: Uint8Array): void {
    try {
      const { slot, weightsVersion } = peekChunk(bytes);
      if (slot >= this.#came.length)
        throw new ChunkError(`Slot ${slot} is none of 0 … ${this.#came.length - 1}.`);
      const versions = this.#versions;
      const isLate = versions === null || weightsVersion < versions.first;
      if (!isLate && weightsVersion > versions.last)
        throw new ChunkError(`Weights ${weightsVersion} are not published: the newest are ${versions.last}.`);
      if (!isLate && this.#came[slot] === 0) {
        takeRoundChunk(decodeChunk(bytes, this.#layout), this.#round, slot);
        this.#came[slot] = 1;
        this.#count++;
        this.#began ??= this.#now();
      }
      this.#expected[slot] = 1;
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      this.#refused++;
    }
  }
}
