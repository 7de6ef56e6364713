import { setTimeout as sleep } from 'node:timers/promises';
import {
  backoff,
  FleetError,
  type LocalRedis,
  type LocalRedisOptions,
  type Logger,
  RedisStartError,
  startLocalRedis,
} from '@qfleet/fleet';

/** A server that lived this long had started. */
const STARTED_MS = 10_000;
/** How many starts in a row may fail, or not last, before it is given up. */
const MOST_FAILURES = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Where it lives, and whether it keeps data on disk. */
export type OwnRedisOptions = Pick<LocalRedisOptions, 'dir' | 'persistence'>;

/**
 * A Redis server of a command's own, kept alive: one that dies, even while it starts, is started again on its data, if it
 * keeps any. Those who use it wait for it.
 */
export class OwnRedis {
  readonly #settings: OwnRedisOptions;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #failure = new AbortController();
  #failures = 0;
  #server!: LocalRedis;
  #kept: Promise<void> = Promise.resolve();

  private constructor(settings: OwnRedisOptions, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * @throws FleetError where there is no server program, or it does not come up; the signal's reason.
   */
  static async start(settings: OwnRedisOptions, log: Logger, signal: AbortSignal): Promise<OwnRedis> {
    const redis = new OwnRedis(settings, log);
    const stop = (): void => redis.#stopping.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await redis.#bring();
    } finally {
      signal.removeEventListener('abort', stop);
    }
    redis.#kept = redis.#keep();
    return redis;
  }

  /** The same over restarts. */
  get url(): string {
    return this.#server.url;
  }

  /** The process id of the server that was up last. */
  get pid(): number {
    return this.#server.pid;
  }

  /** Aborted, with a FleetError as its reason, when it is not started again any more. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.stop();
    await this.#kept;
  }

  /** Starts it again whenever it has ended. */
  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const readyAt = performance.now();
      await this.#server.exited;
      if (signal.aborted) return;
      if (performance.now() - readyAt >= STARTED_MS) this.#failures = 0;
      try {
        await this.#failed(`This command's Redis ended. Its log: ${this.#server.logPath}.`);
        await this.#bring();
      } catch (error) {
        if (!signal.aborted) this.#failure.abort(error);
        return;
      }
      // It came up as this one was told to stop.
      if (signal.aborted) await this.#server.stop();
    }
  }

  /** Starts it again until it is up. @throws FleetError where it never comes up. */
  async #bring(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      try {
        this.#server = await startLocalRedis({ ...this.#settings, signal });
        return;
      } catch (error) {
        signal.throwIfAborted();
        // At first a server that ends by itself says what is wrong; later that may pass, as a full disk does.
        const isFinal = this.#server === undefined && !(error instanceof RedisStartError && error.wasKilled);
        if (isFinal) throw error;
        await this.#failed((error as Error).message);
      }
    }
  }

  /** Reports an end, and waits before the next start. @throws FleetError where it was one too many. */
  async #failed(sentence: string): Promise<void> {
    if (++this.#failures > MOST_FAILURES) {
      throw new FleetError(
        `${sentence} It ended ${MOST_FAILURES} times soon after its start, and is given up.`,
      );
    }
    this.#log.warn(`${sentence} Starting it again.`);
    const pause = this.#failures === 1 ? 0 : backoff(this.#failures - 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    await sleep(pause, undefined, { signal: this.#stopping.signal });
  }
}
