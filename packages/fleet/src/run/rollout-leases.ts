import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetConfig } from '@qfleet/config';
import type { RedisClient } from '@qfleet/replay';
import { type Job, Worker } from 'bullmq';
import { nanoid } from 'nanoid';
import { messageOf } from '../errors.ts';
import { fleetKeys, ROLLOUTS_QUEUE } from '../keys.ts';
import type { Logger } from '../logger.ts';
import { refuse } from '../records/refusals.ts';
import { leaseOrder } from './lease-order.ts';
import { openQueue } from './queues.ts';

/*
 * A killed actor's last renewal is at most LOCK_MS old when its lock runs out; BullMQ then finds the job at a check for
 * stalled ones, which two actors may each just miss once; then it lies in the queue until someone looks. Together at
 * most 6 + 2 × 2 + 1 = 11 seconds.
 */
const LOCK_MS = 6_000;
const STALLED_CHECK_MS = 2_000;
const RENEW_MS = 1_500;
const POLL_MS = 500;

interface LeaseData {
  readonly slots: readonly number[];
  /** Episodes that each of them has begun, when the lease was last renewed; left out: none. */
  readonly episodes?: readonly number[];
}

/** What chunks have room for. */
const MOST_EPISODES = 2 ** 32 - 1;

/** A lease as its job has it. */
export interface Lease {
  /** The job's id. */
  readonly id: string;
  readonly slots: readonly number[];
  readonly priority: number;
}

/** All leases of a run, in `leaseOrder`. What a job's data says of its slots is not believed. */
export const leasesOf = (fleet: FleetConfig): Lease[] =>
  leaseOrder(fleet.slots, fleet.slotsPerLease).map((slots, place) => ({
    id: `lease-${place}`,
    slots,
    // BullMQ gives out lower priorities first, and puts a job that comes back where its priority says.
    priority: place + 1,
  }));

/**
 * Puts the leases of all the run's slots into the queue, in `leaseOrder`; leases that are there or held are left as
 * they are, so that a learner may call this at every start, and again where Redis lost them.
 */
export async function seedLeases(redis: RedisClient, run: string, fleet: FleetConfig): Promise<void> {
  const queue = openQueue<LeaseData>(redis, run, ROLLOUTS_QUEUE);
  try {
    await queue.addBulk(
      leasesOf(fleet).map((lease) => ({
        name: 'lease',
        data: { slots: lease.slots },
        opts: { jobId: lease.id, priority: lease.priority },
      })),
    );
  } finally {
    await queue.close();
  }
}

export interface RolloutLeasesOptions {
  readonly redis: RedisClient;
  readonly run: string;
  /** How the run's slots are leased, and how many this process holds at most; a lease that would not fit is left to others. */
  readonly fleet: FleetConfig;
  /** @param episodes that each slot has begun before, as far as it is known: numbers go on from there. */
  readonly onTaken: (slots: readonly number[], episodes: readonly number[]) => void;
  /** Episodes that a slot has begun: kept with its lease, for whoever takes it next. */
  readonly episodesOf: (slot: number) => number;
  /** The lease ran out while this process was away, or was held up: its slots may run elsewhere. */
  readonly onLost: (slots: readonly number[]) => void;
  readonly log: Logger;
}

/** The slots that one actor process runs: it takes leases while it has room, keeps them alive, and gives them back. */
export class RolloutLeases {
  readonly #options: RolloutLeasesOptions;
  readonly #worker: Worker<LeaseData>;
  readonly #held = new Map<string, Job<LeaseData>>();
  /** The slots of each lease, by its id. */
  readonly #slotsOf: ReadonlyMap<string, readonly number[]>;
  readonly #stop = new AbortController();
  /** What its locks are held by. Every actor can read it, so it is not the process's id, by which its records are named. */
  readonly #token = nanoid();
  #loops: Promise<unknown> = Promise.resolve();
  #slots = 0;

  constructor(options: RolloutLeasesOptions) {
    this.#options = options;
    this.#slotsOf = new Map(leasesOf(options.fleet).map(({ id, slots }) => [id, slots]));
    this.#worker = new Worker<LeaseData>(ROLLOUTS_QUEUE, null, {
      connection: options.redis,
      prefix: fleetKeys(options.run).queues,
      autorun: false,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      // Any number of actors may die holding the same lease.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', (error) => options.log.debug(`Leases: ${messageOf(error)}`));
  }

  /** How many slots are held now. */
  get slots(): number {
    return this.#slots;
  }

  start(): void {
    this.#loops = Promise.all([
      this.#repeat(POLL_MS, () => this.#take()),
      this.#repeat(RENEW_MS, () => this.#renew()),
      this.#worker.startStalledCheckTimer(),
    ]);
  }

  /** Puts every lease back in its place of the order, for others to take at once. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#loops;
    const jobs = [...this.#held.values()];
    this.#held.clear();
    this.#slots = 0;
    // A lease whose lock ran out meanwhile is not ours to put back.
    await Promise.allSettled(
      jobs.map(async (job) => {
        await this.#keepEpisodes(job);
        await job.moveToWait(this.#token);
      }),
    );
    await this.#worker.close(true);
  }

  async #take(): Promise<void> {
    const { fleet, onTaken } = this.#options;
    while (this.#slots < fleet.slotsPerActor && !this.#stop.signal.aborted) {
      const job = await this.#worker.getNextJob(this.#token, { block: false });
      if (!job) return;
      const slots = this.#slotsOf.get(job.id!);
      if (slots === undefined) {
        // Its lock runs out, and the learner's check of the queue removes it.
        refuse('queue', `a job ${job.id} that is no lease`);
        continue;
      }
      if (this.#stop.signal.aborted || this.#slots + slots.length > fleet.slotsPerActor) {
        await job.moveToWait(this.#token);
        return;
      }
      this.#held.set(job.id!, job);
      this.#slots += slots.length;
      onTaken(
        slots,
        slots.map((_, i) => episodesIn(job.data, i)),
      );
    }
  }

  async #renew(): Promise<void> {
    if (this.#held.size === 0) return;
    const { onLost, log } = this.#options;
    const ids = [...this.#held.keys()];
    const lost = await this.#worker.extendJobLocks(
      ids,
      ids.map(() => this.#token),
      LOCK_MS,
    );
    await Promise.all(
      ids.filter((jobId) => !lost.includes(jobId)).map((jobId) => this.#keepEpisodes(this.#held.get(jobId))),
    );
    for (const jobId of lost) {
      const job = this.#held.get(jobId);
      if (!job) continue;
      this.#held.delete(jobId);
      const slots = this.#slotsOf.get(jobId)!;
      this.#slots -= slots.length;
      log.warn(`The lease of slots ${slots.join(', ')} ran out: they may run elsewhere.`);
      onLost(slots);
    }
  }

  /** Records a held lease's episodes, where there were more. */
  async #keepEpisodes(job: Job<LeaseData> | undefined): Promise<void> {
    if (job === undefined) return;
    const slots = this.#slotsOf.get(job.id!)!;
    const episodes = slots.map((slot, i) =>
      Math.max(this.#options.episodesOf(slot), episodesIn(job.data, i)),
    );
    if (episodes.some((count, i) => count !== job.data?.episodes?.[i]))
      await job.updateData({ slots, episodes });
  }

  async #repeat(everyMs: number, task: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await task();
      } catch (error) {
        this.#options.log.debug(`Leases: ${messageOf(error)}`);
      }
      // Jittered, so that actors that started together do not ask together.
      await sleep(everyMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Episodes of the i-th slot of a lease; 0 where another process wrote what is no count. */
function episodesIn(data: Partial<LeaseData> | null, i: number): number {
  const count = data?.episodes?.[i] ?? 0;
  return Number.isSafeInteger(count) && count >= 0 && count <= MOST_EPISODES ? count : 0;
}
