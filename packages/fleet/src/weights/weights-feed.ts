import { setTimeout as sleep } from 'node:timers/promises';
import type { Weights } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { Cluster } from 'ioredis';
import { messageOf } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import type { Logger } from '../logger.ts';
import type { WeightsSubscriber } from './weights-subscriber.ts';

export interface FollowWeightsOptions {
  /** A connection for announcements alone: Redis limits what may wait to be sent on a connection that is subscribed. */
  readonly announcements: RedisClient;
  readonly run: string;
  readonly subscriber: WeightsSubscriber;
  /** The version that is held now. */
  readonly held: () => number;
  readonly take: (weights: Weights) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The least time between two looks, which bounds what one actor takes of Redis and of the network. */
const PAUSE_MS = 50;
/** An announcement may be lost with a connection: after so long without one, Redis is asked. */
const ASK_MS = 1_000;

const jittered = (milliseconds: number): number => milliseconds * (0.75 + Math.random() / 2);

/**
 * Hands every newest version to `take`, until `signal` is aborted. Publications are announced, so that waiting for one
 * costs Redis nothing; where announcements can't be had (users that may not subscribe), it asks as often as it may look.
 */
export async function followWeights(options: FollowWeightsOptions): Promise<void> {
  const { subscriber, held, take, log, signal } = options;
  let asleep: AbortController | null = null;
  const wake = (): void => asleep?.abort();
  signal.addEventListener('abort', wake);
  const announcements = new Announcements(options, wake);
  let tookMs = 0;
  while (!signal.aborted) {
    // All actors are told at once, and serving each takes as long as it took here: so they spread out over that time.
    await sleep(Math.random() * tookMs);
    try {
      const { refused } = subscriber;
      const began = performance.now();
      const weights = await subscriber.newerThan(held());
      tookMs = weights ? performance.now() - began : 0;
      if (weights) take(weights);
      if (subscriber.refused > refused) log.warn(subscriber.lastRefusal!);
    } catch (error) {
      log.debug(`Weights: ${messageOf(error)}`);
    }
    await sleep(jittered(PAUSE_MS));
    if (signal.aborted || subscriber.newest > held() || !announcements.heard) continue;
    asleep = new AbortController();
    await sleep(jittered(ASK_MS), undefined, { signal: asleep.signal }).catch(() => undefined);
    asleep = null;
  }
  announcements.close();
}

/** Tells the subscriber of each publication, also after Redis was away. */
class Announcements {
  /** Whether they come now. */
  heard = false;
  readonly #redis: RedisClient;
  readonly #topic: string;
  readonly #log: Logger;
  readonly #onMessage: (topic: string, version: string) => void;
  readonly #onReady: () => void;
  readonly #onClose: () => void;

  constructor(options: FollowWeightsOptions, wake: () => void) {
    const { announcements: redis, run, subscriber, log } = options;
    this.#redis = redis;
    this.#topic = fleetKeys(run).weights;
    this.#log = log;
    // ioredis would subscribe again by itself, but only here is a refusal handled.
    if (!(redis instanceof Cluster)) redis.options.autoResubscribe = false;
    this.#onMessage = (topic, version) => {
      if (topic !== this.#topic) return;
      subscriber.hear(Number(version));
      wake();
    };
    // What was published meanwhile was not heard of.
    this.#onReady = () => void this.#subscribe().then(wake);
    this.#onClose = () => {
      this.heard = false;
      wake();
    };
    redis.on('message', this.#onMessage).on('ready', this.#onReady).on('close', this.#onClose);
    if (redis.status === 'ready') this.#onReady();
  }

  close(): void {
    const redis = this.#redis;
    redis.off('message', this.#onMessage).off('ready', this.#onReady).off('close', this.#onClose);
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#redis.subscribe(this.#topic);
      this.heard = true;
    } catch (error) {
      this.#log.debug(`Weights are asked for, not announced: ${messageOf(error)}`);
    }
  }
}
