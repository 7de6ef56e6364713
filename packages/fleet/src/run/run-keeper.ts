import { setTimeout as sleep } from 'node:timers/promises';
import { fleetOf } from '@qfleet/config';
import type { RedisClient } from '@qfleet/replay';
import { FleetConfigurationError, messageOf } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { type RunRecord, readRun } from '../records/run.ts';
import { QueueKeeper } from './queue-keeper.ts';
import { RecordKeeper } from './record-keeper.ts';
import { restoreRun } from './run.ts';

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
  constructor(redis: RedisClient, record: RunRecord, log: Logger) {
    const { run, config } = record;
    this.#redis = redis;
    this.#log = log;
    this.#keepers = [
      new QueueKeeper(redis, run, fleetOf(config), log),
      new RecordKeeper(redis, run),
      { check: () => keepRecord(redis, record) },
    ];
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

/** Writes the run's record again where it was lost, or is refused. */
async function keepRecord(redis: RedisClient, record: RunRecord): Promise<void> {
  const there = await readRun(redis, record.run).catch(async (error: unknown) => {
    if (!(error instanceof FleetConfigurationError)) throw error;
    await redis.unlink(fleetKeys(record.run).run);
    return null;
  });
  if (there === null) await restoreRun(redis, { ...record, phase: 'running', reason: null });
}
