import type { FleetConfig } from '@qfleet/config';
import type { RedisClient } from '@qfleet/replay';
import { messageOf } from '../errors.ts';
import { EVALUATIONS_QUEUE, fleetKeys, ROLLOUTS_QUEUE } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { refuse } from '../records/refusals.ts';
import { checkQueueScript, QUEUE_KEYS, QUEUE_TYPES } from '../scripts/queues.lua.ts';
import { type Lease, leasesOf, seedLeases } from './rollout-leases.ts';

/** How many leases are looked at in one check; the others have their turn later. */
const LEASES_A_CHECK = 128;

/**
 * Sees to it that the run's queues are what they should be: their keys may be written by every process that takes jobs.
 * Leases are mended one by one; a queue that can't be used is made anew: leases are taken again, and evaluations that
 * waited are lost.
 */
export class QueueKeeper {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #fleet: FleetConfig;
  readonly #log: Logger;
  readonly #leases: readonly Lease[];
  /** The first lease of the next check. */
  #next = 0;

  constructor(redis: RedisClient, run: string, fleet: FleetConfig, log: Logger) {
    this.#redis = redis;
    this.#run = run;
    this.#fleet = fleet;
    this.#log = log;
    this.#leases = leasesOf(fleet);
  }

  /** Looks at both queues, and mends what is wrong. */
  async check(): Promise<void> {
    const leases = Array.from(
      { length: Math.min(LEASES_A_CHECK, this.#leases.length) },
      (_, i) => this.#leases[(this.#next + i) % this.#leases.length],
    );
    this.#next = (this.#next + leases.length) % this.#leases.length;
    const mended = await this.#check(ROLLOUTS_QUEUE, this.#leases.length, leases);
    if (typeof mended === 'string') await clearQueue(this.#redis, this.#run, ROLLOUTS_QUEUE, this.#leases);
    if (mended !== null) await seedLeases(this.#redis, this.#run, this.#fleet);
    if ((await this.#check(EVALUATIONS_QUEUE, -1, [])) !== null)
      await clearQueue(this.#redis, this.#run, EVALUATIONS_QUEUE);
  }

  /** What was mended; a text: what could not be, so that the queue is to be made anew; null: nothing is wrong. */
  async #check(queue: string, jobs: number, leases: readonly Lease[]): Promise<string | string[] | null> {
    const keys = keysOf(this.#run, queue, leases);
    const args = [
      ...QUEUE_KEYS.map((name) => QUEUE_TYPES[name]),
      jobs,
      prefixOf(this.#run, queue),
      ...leases.flatMap(({ slots, priority }) => [slots.join(), priority]),
    ];
    const found = (await this.#redis.eval(checkQueueScript, keys.length, ...keys, ...args)) as
      | string
      | string[]
      | null;
    if (found === null || found === 'empty') return found;
    const problems = typeof found === 'string' ? [found] : found;
    for (const problem of problems) refuse('queue', `of ${queue}: ${problem}`);
    if (typeof found === 'string')
      this.#log.warn(`The queue of ${queue} was damaged, and is made anew: ${found}.`);
    return found;
  }
}

/** Removes a queue, and the jobs that are leases. */
export async function clearQueue(
  redis: RedisClient,
  run: string,
  queue: string,
  leases: readonly Lease[] = [],
): Promise<void> {
  await redis.unlink(...keysOf(run, queue, leases));
}

/** Whether an error says that a queue holds what BullMQ did not put there. */
export const isDamage = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  error instanceof TypeError ||
  /\bWRONGTYPE\b|value is not an? |would overflow|last possible ID|attempt to /.test(messageOf(error));

function keysOf(run: string, queue: string, leases: readonly Lease[]): string[] {
  const prefix = prefixOf(run, queue);
  const names = [...QUEUE_KEYS, ...leases.flatMap(({ id }) => [id, `${id}:lock`])];
  return names.map((name) => prefix + name);
}

const prefixOf = (run: string, queue: string): string => `${fleetKeys(run).queues}:${queue}:`;
