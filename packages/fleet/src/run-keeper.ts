import { setTimeout as sleep } from 'node:timers/promises';
import type { RunConfig } from '@qfleet/config';
import type { RedisClient } from '@qfleet/replay';
import { CounterKeeper } from './counter-keeper.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';
import { QueueKeeper } from './queue-keeper.ts';

/** Between two checks. */
const PAUSE_MS = 2_000;

/** Mends, beside training, what any process of the run may damage. */
export class RunKeeper {
  readonly #redis: RedisClient;
  readonly #log: Logger;
  readonly #keepers: readonly { check(): Promise<void> }[];
  readonly #stop = new AbortController();
  readonly #checking: Promise<void>;

  /** Begins at once. */
  constructor(redis: RedisClient, run: string, fleet: RunConfig['fleet'], log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.#keepers = [new QueueKeeper(redis, run, fleet, log), new CounterKeeper(redis, run)];
    this.#checking = this.#repeat();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#redis.status === 'ready') await this.#checking;
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const keeper of this.#keepers) {
        await keeper
          .check()
          .catch((error: unknown) => this.#log.debug(`Keeping the run: ${messageOf(error)}`));
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
