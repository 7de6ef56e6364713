import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Weights } from '@qfleet/agents';
import { fleetOf, type RunConfig } from '@qfleet/config';
import { workerRestarts } from '@qfleet/env-host';
import {
  type Beat,
  followWeights,
  type ProcessContext,
  RolloutLeases,
  unlessAborted,
  WeightsSubscriber,
} from '@qfleet/fleet';
import { type ActorParts, makeParts } from './make-parts.ts';
import type { Play } from './play.ts';
import { StandBy } from './stand-by.ts';
import { type WaitReason, Waits } from './waits.ts';

/** Milliseconds of stepping between two turns of the event loop, which moves chunks, weights and lease renewals. */
const SLICE_MS = 4;
const WAIT_MS = 5;
/** How many chunks of a slot may wait for the replay before the actor stands still. */
const BUFFERED_CHUNKS_PER_SLOT = 64;

/** One actor process: it steps the slots whose leases it holds, and moves experience out and weights in. */
export class Actor {
  readonly #config: RunConfig;
  readonly #context: ProcessContext;
  readonly #parts: ActorParts;
  readonly #play: Play;
  readonly #weights: WeightsSubscriber;
  readonly #leases: RolloutLeases;
  readonly #standBy: StandBy;
  readonly #waits = new Waits();
  #steps = 0;
  #episodes = 0;
  #dropped = 0;
  #failure: unknown = null;
  /** Whether a step is awaited, and what is to be done once it has come back. */
  #stepping = false;
  readonly #changes: (() => void)[] = [];
  /** Weights that came within a round; null: none. */
  #next: Weights | null = null;

  private constructor(context: ProcessContext, config: RunConfig, parts: ActorParts) {
    const { redis, env, log } = context;
    this.#config = config;
    this.#context = context;
    this.#parts = parts;
    this.#play = parts.play;
    this.#weights = new WeightsSubscriber(parts.weights, env.run);
    const fleet = fleetOf(config);
    this.#standBy = new StandBy(log, fleet.slots);
    this.#leases = new RolloutLeases({
      redis,
      run: env.run,
      fleet,
      onTaken: (slots, episodes) => {
        this.#change(slots, (slot) => {
          this.#play.addSlot(slot, episodes[slots.indexOf(slot)]);
          parts.spans?.begin(slot);
        });
        // While this actor stood by, others went on.
        parts.uplink.refresh();
      },
      episodesOf: (slot) => this.#play.episodesOf(slot),
      onLost: (slots) => this.#change(slots, (slot) => this.#play.removeSlot(slot)),
      log,
    });
  }

  /** @throws as `makeParts` does. */
  static async create(context: ProcessContext, config: RunConfig): Promise<Actor> {
    return new Actor(context, config, await makeParts(context, config));
  }

  /** What the heartbeat tells. */
  measure(): Beat<'actor'> {
    const slots = this.#play.slots;
    const { uplink, epsilons, environmentErrors } = this.#parts;
    const { utterances = 0, cutUtterances: utterancesCut = 0 } = this.#play;
    return {
      snapshot: {
        slots: slots.length,
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        epsilon: epsilons.mean(slots),
        weightsVersion: this.#play.weightsVersion,
        transitionsBuffered: uplink.transitions,
      },
      totals: {
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        ...{ utterances, utterancesCut },
        environmentErrors: environmentErrors.count,
        environmentWorkerRestarts: workerRestarts.count,
        infoRefused: this.#play.infoRefused,
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
      this.#standBy.look(this.#play.slots, reason === 'lease' && this.#play.weightsVersion > 0);
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
    this.#play.close();
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
    const { play, pace } = this.#parts;
    pace.begin(this.#steps, play.slots.length);
    do {
      const stepped = play.step();
      const done = typeof stepped === 'number' ? stepped : await this.#awaitStep(stepped, signal);
      if (done === null) return;
      this.#steps += done;
    } while (pace.stepped() && performance.now() < end);
    this.#hand();
    this.#settle();
  }

  /** @returns the steps done; null where `signal` is aborted before: `drain` gives the step up. */
  async #awaitStep(stepped: Promise<number>, signal: AbortSignal): Promise<number | null> {
    this.#stepping = true;
    try {
      const done = await unlessAborted(stepped, signal);
      this.#stepping = false;
      this.#settle();
      return done;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  #hand(): void {
    const episodes = this.#play.takeEpisodes();
    this.#episodes += episodes.length;
    this.#parts.uplink.push(this.#play.takeChunks(), episodes, this.#steps);
  }

  #waitReason(): WaitReason | null {
    const slots = this.#play.slots.length;
    const { weightsVersion, isInRound = false } = this.#play;
    if (slots === 0) return 'lease';
    const lag = this.#weights.newest - weightsVersion;
    // A round is played to its end: newer weights are for the next.
    if (weightsVersion === 0 || (lag > this.#config.fleet.maxStaleness && !isInRound)) return 'weights';
    const { uplink, pace } = this.#parts;
    if (uplink.chunks >= BUFFERED_CHUNKS_PER_SLOT * slots) return 'redis';
    return pace.waitReason(this.#steps, slots);
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
      held: () => this.#next?.version ?? this.#play.weightsVersion,
      take: (weights) => {
        this.#next = weights;
        if (!this.#play.isInRound) this.#takeUp();
      },
      log,
      signal,
    });
  }

  /** Plays with the weights that came last, from now on. */
  #takeUp(): void {
    const weights = this.#next;
    if (weights === null) return;
    this.#next = null;
    const { version, updates, tensors } = weights;
    try {
      this.#parts.policy.load(tensors);
      this.#play.weightsVersion = version;
      this.#parts.pace.playsWith(updates);
    } catch (error) {
      // Whole and of this run, but not of this network: as another configuration's learner would publish.
      this.#weights.refuse(version, error instanceof Error ? error.message : String(error));
    }
  }

  /** What fails is thrown by the loop. */
  #change(slots: readonly number[], change: (slot: number) => void): void {
    this.#changes.push(() => {
      try {
        for (const slot of slots) change(slot);
      } catch (error) {
        this.#failure ??= error;
      }
    });
    this.#settle();
  }

  /** Leases come and go between slices, after a step that is awaited, and between rounds; so do weights of rounds. */
  #settle(): void {
    if (this.#stepping || this.#play.isInRound) return;
    this.#takeUp();
    for (const change of this.#changes.splice(0)) change();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#parts.uplink.check();
  }
}
