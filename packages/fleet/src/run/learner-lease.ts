import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_TOKENS, type RedisClient } from '@qfleet/replay';
import { FleetError, isClosed } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { refuse } from '../records/refusals.ts';
import { acquireLeaseScript, releaseLeaseScript, renewLeaseScript } from '../scripts/learner-lease.lua.ts';
import { unlessAborted } from '../unless-aborted.ts';

/** How long a learner that fell silent keeps others out. */
const LEASE_MS = 6_000;
const RENEW_MS = 1_500;
const WAIT_POLL_MS = 500;
const WAIT_LOG_MS = 60_000;

export interface AcquireOptions {
  /** The highest token that is known elsewhere, as by a replay on other servers: a Redis that forgot its own goes on above it. */
  readonly known?: () => Promise<number>;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
}

/**
 * The right to train a run, which one process has at a time. Each acquisition gets a higher fencing token (Kleppmann,
 * "How to do distributed locking", 2016), which goes with everything that the learner writes. What comes with an older
 * token is refused, so a learner that was paused past its lease does no harm when it wakes.
 */
export class LearnerLease implements AsyncDisposable {
  readonly token: number;
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #holder: string;
  readonly #lost = new AbortController();
  readonly #released = new AbortController();
  readonly #renewing: Promise<void>;

  private constructor(redis: RedisClient, run: string, holder: string, token: number) {
    this.token = token;
    this.#redis = redis;
    this.#run = run;
    this.#holder = holder;
    this.#renewing = this.#renew();
  }

  /**
   * Waits until the lease is free, and takes it.
   * @param id the process's id, new for each of its lives.
   * @throws the signal's reason when it is aborted.
   */
  static async acquire(
    redis: RedisClient,
    run: string,
    id: string,
    options: AcquireOptions = {},
  ): Promise<LearnerLease> {
    const { lease, fence } = fleetKeys(run);
    const ask = async (): Promise<number> => {
      const known = await knownToken(options);
      return (await redis.eval(acquireLeaseScript, 2, lease, fence, id, LEASE_MS, known)) as number;
    };
    let logAt = performance.now();
    for (;;) {
      options.signal?.throwIfAborted();
      const token = await unlessAborted(ask(), options.signal);
      if (token > 0) return new LearnerLease(redis, run, id, token);
      if (performance.now() >= logAt) {
        options.log?.info(`Another learner trains run ${run}: waiting to take over when it ends.`);
        logAt += WAIT_LOG_MS;
      }
      await sleep(WAIT_POLL_MS, undefined, options.signal ? { signal: options.signal } : {});
    }
  }

  /** Aborted, with a FleetError as its reason, when another process took the lease: stop training at once. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Notes that the lease is lost; called by whatever was refused for its token. */
  lose(): void {
    if (this.lost.aborted || this.#released.signal.aborted) return;
    this.#lost.abort(new FleetError(`Another learner took over run ${this.#run}: this one stops.`));
  }

  /** Gives the lease up, so that a waiting learner need not wait for it to run out. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#renewing;
    if (!this.lost.aborted)
      await this.#redis.eval(releaseLeaseScript, 1, fleetKeys(this.#run).lease, this.#holder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #renew(): Promise<void> {
    const { lease, fence } = fleetKeys(this.#run);
    const stop = AbortSignal.any([this.#lost.signal, this.#released.signal]);
    while (!stop.aborted) {
      await sleep(RENEW_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
      if (stop.aborted) return;
      try {
        const kept = await this.#redis.eval(
          renewLeaseScript,
          2,
          lease,
          fence,
          this.#holder,
          LEASE_MS,
          this.token,
        );
        if (kept !== 1) this.lose();
      } catch (error) {
        // The owner has closed the connection: there is nothing to renew on. Other failures pass, or the token shows
        // them.
        if (isClosed(error)) return;
      }
    }
  }
}

/** The highest token that is known elsewhere; 0: none, or what is no token, which is counted and named. */
async function knownToken({ known }: AcquireOptions): Promise<number> {
  const token = (await known?.()) ?? 0;
  if (Number.isSafeInteger(token) && token >= 0 && token <= MOST_TOKENS) return token;
  refuse('fence', `the replay's is ${token}`);
  return 0;
}
