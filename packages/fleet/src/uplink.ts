import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChunkError,
  compressChunk,
  type Inbox,
  type OpenChunk,
  peekChunk,
  ReplayMissingError,
  type ReplayStanding,
  type SealedChunk,
  sealChunk,
} from '@qfleet/replay';
import { backoff } from './backoff.ts';
import type { Logger } from './logger.ts';
import { EpisodeReports, type SendReport } from './state/episode-reports.ts';
import type { FinishedEpisode } from './state/episode-tally.ts';

export interface UplinkOptions {
  /** Opens the replay's inbox, once the learner has made the replay, or has made it again where Redis lost it. */
  readonly openInbox: () => Promise<Inbox>;
  /** Whether observations are compressed; see `compressesWell`. */
  readonly compressed: boolean;
  readonly reportEpisodes: SendReport;
  /** Told of the chunks that Redis acknowledged, and when (`performance.now()`) they were sent. */
  readonly onPushed?: (chunks: readonly SealedChunk[], from: number) => void;
  readonly log: Logger;
}

const STANDING_MAX_AGE_MS = 20;

/** A chunk that is not acknowledged yet. */
interface Waiting {
  readonly transitions: number;
  /** That the actor had done when it was pushed. */
  readonly steps: number;
  /** Sealed; null until it is. */
  bytes: SealedChunk | null;
  /** Resolves when it is sealed, where another thread does that. */
  sealing: Promise<void> | null;
}

/**
 * The way of chunks to the replay. They wait here until they lie in the replay's inbox, through an outage too, and are
 * kept until the learner has admitted them. One call is in flight at a time, with all chunks that gathered since the
 * last; the next are compressed meanwhile.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  /** Not given to the inbox yet, in order. */
  readonly #chunks: Waiting[] = [];
  readonly #episodes: EpisodeReports;
  /** Given to the inbox, and not known to be in the replay. */
  readonly #given = new Map<SealedChunk, Waiting>();
  readonly #inbox: Inbox;
  #standing: ReplayStanding;
  #standingAt = performance.now();
  #standingSteps = 0;
  #steps = 0;
  #transitions = 0;
  #acknowledged = 0;
  #dropped = 0;
  #namesTaken = 0;
  #busy: Promise<void> | null = null;
  #failure: unknown = null;
  #closed = false;

  private constructor(options: UplinkOptions, inbox: Inbox, standing: ReplayStanding) {
    this.#options = options;
    this.#inbox = inbox;
    this.#episodes = new EpisodeReports(options.reportEpisodes);
    this.#standing = standing;
  }

  static async open(options: UplinkOptions): Promise<Uplink> {
    const inbox = await options.openInbox();
    return new Uplink(options, inbox, (await inbox.handIn([])).standing);
  }

  /** The replay as this actor last heard of it. */
  get standing(): ReplayStanding {
    return this.#standing;
  }

  /** Milliseconds since that standing came. */
  get silentMs(): number {
    return performance.now() - this.#standingAt;
  }

  /** Steps that the actor had done when it pushed what that standing lacks, or else when it asked for it. */
  get standingSteps(): number {
    return this.#standingSteps;
  }

  /** Transitions that came into the replay. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Transitions that are not known to be in the replay yet. */
  get transitions(): number {
    return this.#transitions;
  }

  /** Chunks that are not known to be in the replay yet. */
  get chunks(): number {
    return this.#chunks.length + this.#given.size;
  }

  /** Transitions that are only here: neither in the replay nor in its inbox. */
  get unsent(): number {
    const pending = this.#inbox.pending.map((chunk) => this.#given.get(chunk)!);
    return [...this.#chunks, ...pending].reduce((sum, { transitions }) => sum + transitions, 0);
  }

  /** Transitions that were given up, since the replay refused them or Redis lost them again and again. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How often another was found to write under this actor's name. */
  get namesTaken(): number {
    return this.#namesTaken;
  }

  /**
   * Takes open chunks and finished episodes over, and sends them as soon as the append in flight is done.
   * @param steps that the actor has done, those of open chunks too.
   */
  push(
    chunks: readonly (OpenChunk | SealedChunk)[],
    episodes: readonly FinishedEpisode[],
    steps: number,
  ): void {
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

  /** Waits until all is handed in, or `signal` is aborted; nothing is sent afterwards. */
  async close(signal: AbortSignal): Promise<void> {
    while (this.#busy && !signal.aborted) {
      await Promise.race([this.#busy, sleep(50, undefined, { signal }).catch(() => undefined)]);
    }
    this.#closed = true;
  }

  #seal(chunk: OpenChunk | SealedChunk, transitions: number): Waiting {
    // One that is sealed already is as it was.
    const open = chunk as Uint8Array as OpenChunk;
    const steps = this.#steps;
    if (!this.#options.compressed) return { transitions, steps, bytes: sealChunk(open), sealing: null };
    const waiting: Waiting = { transitions, steps, bytes: null, sealing: null };
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
    let failure = '';
    for (let failures = 0; !this.#closed; ) {
      try {
        await this.#sendOnce();
        failures = 0;
        failure = '';
        if (this.#isEmpty) return;
      } catch (error) {
        if (error instanceof ChunkError || error instanceof TypeError || this.#closed) throw error;
        const message = error instanceof Error ? error.message : String(error);
        if (message !== failure) this.#options.log.warn(`Experience waits: ${message}`);
        failure = message;
        await sleep(backoff(++failures));
        if (error instanceof ReplayMissingError) {
          // Redis lost it: the run goes on with an empty one. The same inbox knows what may have come into the old one.
          await this.#options.openInbox();
        }
      }
    }
  }

  get #isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#inbox.pending.length === 0 && this.#episodes.isEmpty;
  }

  async #sendOnce(): Promise<void> {
    const steps = this.#steps;
    // Both are waited for, whatever becomes of the other: one of each is in flight at a time.
    const [handedIn, reported] = await Promise.allSettled([this.#handIn(), this.#episodes.send()]);
    if (handedIn.status === 'rejected') throw handedIn.reason;
    this.#standing = handedIn.value;
    this.#standingAt = performance.now();
    const oldest = this.#given.values().next().value;
    this.#standingSteps = Math.min(steps, oldest?.steps ?? steps);
    if (reported.status === 'rejected') throw reported.reason;
  }

  async #handIn(): Promise<ReplayStanding> {
    if (this.#chunks.length > 0) await this.#chunks[0].sealing;
    const unsealed = this.#chunks.findIndex(({ bytes }) => bytes === null);
    const sealed = this.#chunks.splice(0, unsealed < 0 ? this.#chunks.length : unsealed);
    for (const waiting of sealed) this.#given.set(waiting.bytes!, waiting);
    const from = performance.now();
    const { standing, entered, admitted, again, dropped, taken } = await this.#inbox.handIn(
      sealed.map(({ bytes }) => bytes!),
    );
    if (entered.length > 0) this.#options.onPushed?.(entered, from);
    for (const chunk of admitted) this.#acknowledged += this.#remove(chunk);
    for (const chunk of dropped) this.#dropped += this.#remove(chunk);
    this.#tell(taken, again, dropped.length);
    return standing;
  }

  /** @returns its transitions. */
  #remove(chunk: SealedChunk): number {
    const { transitions } = this.#given.get(chunk)!;
    this.#given.delete(chunk);
    this.#transitions -= transitions;
    return transitions;
  }

  #tell(taken: number, again: number, dropped: number): void {
    const { log } = this.#options;
    this.#namesTaken += taken;
    if (taken > 0) {
      log.warn(
        `Another process writes to the replay under this actor's name, so ${again} of its chunks were taken for repeated ` +
          'ones: they are handed in again under a new name. Change the password of the fleet’s actors if this is nobody’s mistake.',
      );
    } else if (again > 0) {
      log.warn(`${again} chunks did not come into the replay: they are handed in again.`);
    }
    if (dropped > 0)
      log.warn(
        `${dropped} chunks did not come into the replay however often they were handed in: they are dropped.`,
      );
  }
}
