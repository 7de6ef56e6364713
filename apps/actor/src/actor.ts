import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { RunConfig } from '@qfleet/config';
import {
  type Beat,
  followWeights,
  type ProcessContext,
  RolloutLeases,
  unlessAborted,
  WeightsSubscriber,
} from '@qfleet/fleet';
import type { Rollout } from '@qfleet/rollout';
import { type ActorParts, makeParts } from './make-parts.ts';
import { Pace } from './pace.ts';
import { StandBy } from './stand-by.ts';
import { type WaitReason, Waits } from './waits.ts';

/** Milliseconds of stepping between two turns of the event loop, which moves chunks, weights and lease renewals. */
const SLICE_MS = 4;
const WAIT_MS = 5;
/** After so long without news of the replay, Redis is taken to hold the actor up, not the ratio. */
const SILENT_MS = 1_000;
/** How many chunks of a slot may wait for the replay before the actor stands still. */
const BUFFERED_CHUNKS_PER_SLOT = 64;

/** One actor process: it steps the slots whose leases it holds, and moves experience out and weights in. */
export class Actor {
  readonly #config: RunConfig;
  readonly #context: ProcessContext;
  readonly #parts: ActorParts;
  readonly #rollout: Rollout;
  readonly #weights: WeightsSubscriber;
  readonly #leases: RolloutLeases;
  readonly #pace: Pace;
  readonly #standBy: StandBy;
  readonly #waits = new Waits();
  #steps = 0;
  #episodes = 0;
  #dropped = 0;
  #failure: unknown = null;
  /** Whether a step is awaited, and what is to be done once it has come back. */
  #stepping = false;
  readonly #changes: (() => void)[] = [];

  private constructor(context: ProcessContext, config: RunConfig, parts: ActorParts) {
    const { redis, env, log } = context;
    this.#config = config;
    this.#context = context;
    this.#parts = parts;
    this.#rollout = parts.rollout;
    this.#weights = new WeightsSubscriber(parts.weights, env.run);
    this.#pace = new Pace(config, parts.uplink);
    this.#standBy = new StandBy(log, config.fleet.slots);
    this.#leases = new RolloutLeases({
      redis,
      run: env.run,
      fleet: config.fleet,
      onTaken: (slots, episodes) => {
        this.#change(slots, (slot) => {
          this.#rollout.addSlot(slot, episodes[slots.indexOf(slot)]);
          parts.spans?.begin(slot);
        });
        // While this actor stood by, others went on.
        parts.uplink.refresh();
      },
      episodesOf: (slot) => this.#rollout.episodesOf(slot),
      onLost: (slots) => this.#change(slots, (slot) => this.#rollout.removeSlot(slot)),
      log,
    });
  }

  /** @throws as `makeParts` does. */
  static async create(context: ProcessContext, config: RunConfig): Promise<Actor> {
    return new Actor(context, config, await makeParts(context, config));
  }

  /** What the heartbeat tells. */
  measure(): Beat<'actor'> {
    const slots = this.#rollout.slots;
    const { uplink, epsilons, environmentErrors } = this.#parts;
    return {
      snapshot: {
        slots: slots.length,
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        epsilon: epsilons.mean(slots),
        weightsVersion: this.#rollout.weightsVersion,
        transitionsBuffered: uplink.transitions,
      },
      totals: {
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        environmentErrors: environmentErrors.count,
        infoRefused: this.#rollout.infoRefused,
        transitionsDropped: this.#dropped + uplink.dropped,
        actorNamesTaken: uplink.namesTaken,
        weightsRefused: this.#weights.refused,
        ...this.#waits.totals(),
      },
    };
  }

  /**
   * Steps until `signal` is aborted.
   * @throws EnvironmentError, ChunkError: what cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#leases.start();
    // Not awaited: its question may hang on a Redis that is away.
    void this.#followWeights(signal);
    while (!signal.aborted) {
      this.#check();
      const reason = this.#waitReason();
      // The learner gives the slots out before it gives out weights.
      this.#standBy.look(this.#rollout.slots, reason === 'lease' && this.#rollout.weightsVersion > 0);
      if (reason === null) {
        await this.#stepForSlice(signal);
        await setImmediate();
      } else {
        await this.#wait(reason);
      }
    }
  }

  /** Gives the leases back and sends what is left, until `deadline` is aborted. What is then left is dropped, and counted. */
  async drain(deadline: AbortSignal): Promise<void> {
    this.#rollout.close();
    this.#hand();
    const { uplink } = this.#parts;
    const late = sleep(2 ** 31 - 1, undefined, { signal: deadline, ref: false }).catch(() => undefined);
    await Promise.race([Promise.all([this.#leases.release(), uplink.close(deadline)]), late]);
    this.#dropped += uplink.unsent;
    if (this.#dropped > 0) {
      this.#context.log.warn(`${this.#dropped} transitions could not be handed to the replay in time.`);
    } else {
      this.#context.log.info('Gave its slots back; all of its experience is handed in.');
    }
  }

  async #stepForSlice(signal: AbortSignal): Promise<void> {
    const end = performance.now() + SLICE_MS;
    const projected = this.#pace.projectedStanding(this.#steps, this.#rollout.slots.length);
    this.#parts.epsilons.update(projected.insertedTotal);
    const { fleet, replay } = this.#config;
    // At most a round of full chunks: that much the limiter's buffer has room for.
    for (let round = 0; round < replay.chunkLength; round++) {
      const stepped = this.#rollout.step();
      const done = typeof stepped === 'number' ? stepped : await this.#awaitStep(stepped, signal);
      if (done === null) return;
      this.#steps += done;
      projected.insertedTotal += fleet.slots;
      if (performance.now() >= end || !this.#pace.mayInsert(projected)) break;
    }
    this.#hand();
  }

  /** @returns the steps done; null where `signal` is aborted before: `drain` gives the step up. */
  async #awaitStep(stepped: Promise<number>, signal: AbortSignal): Promise<number | null> {
    this.#stepping = true;
    try {
      const done = await unlessAborted(stepped, signal);
      this.#stepping = false;
      for (const change of this.#changes.splice(0)) change();
      return done;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  #hand(): void {
    const episodes = this.#rollout.takeEpisodes();
    this.#episodes += episodes.length;
    this.#parts.uplink.push(this.#rollout.takeChunks(), episodes, this.#steps);
  }

  #waitReason(): WaitReason | null {
    const slots = this.#rollout.slots.length;
    const { weightsVersion } = this.#rollout;
    if (slots === 0) return 'lease';
    if (weightsVersion === 0 || this.#weights.newest - weightsVersion > this.#config.fleet.maxStaleness) {
      return 'weights';
    }
    const { uplink } = this.#parts;
    if (uplink.chunks >= BUFFERED_CHUNKS_PER_SLOT * slots) return 'redis';
    if (this.#pace.mayGoOn(this.#steps, slots)) return null;
    return uplink.silentMs > SILENT_MS ? 'redis' : 'ratio';
  }

  async #wait(reason: WaitReason): Promise<void> {
    const began = performance.now();
    // From a standing they learn whether they may go on.
    if (reason !== 'lease') this.#parts.uplink.refresh();
    await sleep(WAIT_MS);
    this.#waits.add(reason, (performance.now() - began) / 1000);
  }

  #followWeights(signal: AbortSignal): Promise<void> {
    const { env, log } = this.#context;
    return followWeights({
      announcements: this.#parts.announcements,
      run: env.run,
      subscriber: this.#weights,
      held: () => this.#rollout.weightsVersion,
      take: ({ version, tensors }) => this.#takeUp(version, () => this.#parts.policy.load(tensors)),
      log,
      signal,
    });
  }

  #takeUp(version: number, load: () => void): void {
    try {
      load();
      this.#rollout.weightsVersion = version;
    } catch (error) {
      // Whole and of this run, but not of this network: as another configuration's learner would publish.
      this.#weights.refuse(version, error instanceof Error ? error.message : String(error));
    }
  }

  /** Leases come and go between slices, and after a step that is awaited; what fails then is thrown by the loop. */
  #change(slots: readonly number[], change: (slot: number) => void): void {
    const changeAll = (): void => {
      try {
        for (const slot of slots) change(slot);
      } catch (error) {
        this.#failure ??= error;
      }
    };
    if (this.#stepping) this.#changes.push(changeAll);
    else changeAll();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#parts.uplink.check();
  }
}
