import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CountedReturns,
  episodesBefore,
  type ProcessContext,
  readRecentEpisodes,
  readReturns,
} from '@qfleet/fleet';
import type { MetricsRecorder } from '@qfleet/training';

/** Between the end of one reading and the next. */
const PAUSE_MS = 500;

/**
 * Brings what actors report of their episodes into the run's metrics, beside training. Redis keeps a count and the
 * newest reports only, so a reading costs the same however many episodes there were.
 */
export class EpisodeFeed {
  readonly #context: Pick<ProcessContext, 'redis' | 'env' | 'log'>;
  readonly #recorder: MetricsRecorder;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  #returns: CountedReturns | undefined;

  /** @param onReading called after each reading, also of a Redis that could not be read. */
  constructor(
    context: Pick<ProcessContext, 'redis' | 'env' | 'log'>,
    recorder: MetricsRecorder,
    onReading: () => void,
  ) {
    this.#context = context;
    this.#recorder = recorder;
    this.#reading = this.#repeat(onReading);
  }

  /** One last reading, unless Redis is away. */
  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#context.redis.status !== 'ready') return;
    await this.#reading;
    await this.#tryToRead();
  }

  async #repeat(onReading: () => void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#tryToRead();
      onReading();
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tryToRead(): Promise<void> {
    const { redis, env, log } = this.#context;
    try {
      const known = this.#recorder.episodes.episodes;
      const [before, returns, recent] = await Promise.all([
        episodesBefore(redis, env.run, known),
        readReturns(redis, env.run, this.#returns),
        readRecentEpisodes(redis, env.run),
      ]);
      this.#returns = returns;
      this.#recorder.episodes = {
        // Redis may have lost its last second.
        episodes: Math.max(
          known,
          returns.counts.reduce((sum, count) => sum + count, before),
        ),
        meanReturn: recent?.meanReturn ?? null,
        returnStd: recent?.returnStd ?? null,
        epsilon: recent?.meanEpsilon ?? null,
        ...(recent?.info === undefined ? {} : { info: recent.info }),
      };
    } catch (error) {
      // What ails Redis is met by the training loop.
      log.debug(`Episodes: ${error instanceof Error ? error.message : error}`);
    }
  }
}
