import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, type EpisodeReport, EpisodeTally, type FinishedEpisode, type Logger } from '@qfleet/fleet';
import {
  ChunkError,
  compressChunk,
  peekChunk,
  ReplayMissingError,
  type ReplayStanding,
  type ReplayStore,
  sealChunk,
} from '@qfleet/replay';

export interface UplinkOptions {
  /** Opens the replay, or makes it anew where Redis lost it. */
  readonly openStore: () => Promise<ReplayStore>;
  /** Whether observations are compressed; see `compressesWell`. */
  readonly compressed: boolean;
  /** @param number counts the reports from 1; one that failed comes again as it was. */
  readonly reportEpisodes: (number: number, report: EpisodeReport) => Promise<void>;
  /** Told of the chunks that the replay acknowledged, and when (`performance.now()`) they were sent. */
  readonly onPushed?: (chunks: readonly Uint8Array[], from: number) => void;
  readonly log: Logger;
}

/** Bytes of an append at most, unless one chunk has more. */
const APPEND_BYTES = 4 * 1024 * 1024;
const STANDING_MAX_AGE_MS = 20;

/** A chunk on its way. */
interface Waiting {
  readonly transitions: number;
  /** Sealed; null until it is. */
  bytes: Uint8Array | null;
  /** Resolves when it is, where that takes another thread's time. */
  sealing: Promise<void> | null;
}

/**
 * The way of chunks to the replay: what is offered waits here until the replay has acknowledged it, through an outage
 * too. One append is under way at a time, with all that gathered meanwhile; the next are compressed while it is.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #chunks: Waiting[] = [];
  readonly #episodes = new EpisodeTally();
  /** The report under way. */
  #report: EpisodeReport | null = null;
  #reports = 0;
  #store: ReplayStore;
  #standing: ReplayStanding;
  #standingAt = performance.now();
  #standingSteps = 0;
  #steps = 0;
  #transitions = 0;
  #acknowledged = 0;
  #busy: Promise<void> | null = null;
  #failure: unknown = null;
  #closed = false;

  private constructor(options: UplinkOptions, store: ReplayStore, standing: ReplayStanding) {
    this.#options = options;
    this.#store = store;
    this.#standing = standing;
  }

  static async open(options: UplinkOptions): Promise<Uplink> {
    const store = await options.openStore();
    return new Uplink(options, store, await store.standing());
  }

  /** The replay as this actor last heard of it. */
  get standing(): ReplayStanding {
    return this.#standing;
  }

  /** Milliseconds since that standing came. */
  get silentMs(): number {
    return performance.now() - this.#standingAt;
  }

  /** Steps that the actor had done when it asked for that standing. */
  get standingSteps(): number {
    return this.#standingSteps;
  }

  /** Transitions that the replay acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Transitions not acknowledged yet. */
  get transitions(): number {
    return this.#transitions;
  }

  /** Chunks not acknowledged yet. */
  get chunks(): number {
    return this.#chunks.length;
  }

  /**
   * Takes open chunks and finished episodes over, and sends them as soon as the append under way is done.
   * @param steps that the actor has done, those of open chunks too.
   */
  push(chunks: readonly Uint8Array[], episodes: readonly FinishedEpisode[], steps: number): void {
    this.#steps = steps;
    for (const open of chunks) {
      const { length } = peekChunk(open);
      this.#chunks.push(this.#seal(open, length));
      this.#transitions += length;
    }
    for (const episode of episodes) this.#episodes.add(episode);
    this.#run();
  }

  /** Asks how the replay stands, where the last news is old. */
  refresh(): void {
    if (this.silentMs > STANDING_MAX_AGE_MS) this.#run();
  }

  /** @throws what no retry mends: a chunk that the replay refuses, or that can't be compressed. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits until all is acknowledged, or `signal` is aborted; nothing is sent afterwards. */
  async close(signal: AbortSignal): Promise<void> {
    while (this.#busy && !signal.aborted) {
      await Promise.race([this.#busy, sleep(50, undefined, { signal }).catch(() => undefined)]);
    }
    this.#closed = true;
  }

  #seal(open: Uint8Array, transitions: number): Waiting {
    if (!this.#options.compressed) return { transitions, bytes: sealChunk(open), sealing: null };
    const waiting: Waiting = { transitions, bytes: null, sealing: null };
    waiting.sealing = compressChunk(open).then(
      (bytes) => {
        waiting.bytes = bytes;
      },
      (error: unknown) => this.#fail(error),
    );
    return waiting;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#closed = true;
  }

  #run(): void {
    if (this.#busy || this.#closed) return;
    this.#busy = this.#sendAll()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#busy = null;
      });
  }

  async #sendAll(): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      try {
        await this.#sendOnce();
        failures = 0;
        if (this.#chunks.length === 0 && this.#episodes.isEmpty) return;
      } catch (error) {
        if (error instanceof ChunkError || this.#closed) throw error;
        if (++failures === 1) {
          this.#options.log.warn(`Experience waits: ${error instanceof Error ? error.message : error}`);
        }
        await sleep(backoff(failures));
        if (error instanceof ReplayMissingError) {
          // Redis lost it: the run goes on with an empty one.
          this.#store = await this.#options.openStore();
        }
      }
    }
  }

  async #sendOnce(): Promise<void> {
    const steps = this.#steps;
    const [standing] = await Promise.all([this.#append(), this.#reportEpisodes()]);
    this.#standing = standing;
    this.#standingAt = performance.now();
    this.#standingSteps = steps;
  }

  async #reportEpisodes(): Promise<void> {
    if (this.#report === null) {
      this.#report = this.#episodes.take();
      if (this.#report === null) return;
      this.#reports++;
    }
    await this.#options.reportEpisodes(this.#reports, this.#report);
    this.#report = null;
  }

  async #append(): Promise<ReplayStanding> {
    if (this.#chunks.length > 0) await this.#chunks[0].sealing;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (const { bytes } of this.#chunks) {
      if (bytes === null || size >= APPEND_BYTES) break;
      chunks.push(bytes);
      size += bytes.length;
    }
    if (chunks.length === 0) return this.#store.standing();
    const from = performance.now();
    const { standing } = await this.#store.append(chunks);
    this.#options.onPushed?.(chunks, from);
    for (const { transitions } of this.#chunks.splice(0, chunks.length)) {
      this.#transitions -= transitions;
      this.#acknowledged += transitions;
    }
    return standing;
  }
}
