import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { createPolicy, type Policy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import {
  type Beat,
  backoff,
  followWeights,
  type Logger,
  type ProcessContext,
  REDIS_PATIENCE_SECONDS,
  ReplayShards,
  RolloutLeases,
  reportEpisodes,
  Uplink,
  type UplinkOptions,
  unlessAborted,
  WeightsSubscriber,
} from '@qfleet/fleet';
import {
  compressesWell,
  type Inbox,
  openReplayInbox,
  type RedisClient,
  ReplayMissingError,
  type ReplayStanding,
  ratioLimiter,
  type SampleToInsertLimiter,
} from '@qfleet/replay';
import { errorPolicy, initialPriority, openTask, Rollout } from '@qfleet/rollout';
import { ChunkSpans } from './chunk-spans.ts';
import { Epsilons } from './exploration.ts';
import { type WaitReason, Waits } from './waits.ts';

/** Milliseconds of stepping between two turns of the event loop, which moves chunks, weights and lease renewals. */
const SLICE_MS = 4;
const WAIT_MS = 5;
/** After so long without a slot, although the learner trains, others are taken to hold them all. */
const STAND_BY_MS = 2_000;
/** After so long without news of the replay, Redis is taken to hold the actor up, not the ratio. */
const SILENT_MS = 1_000;
/** The part of the replay's transitions that may be in flight; two rounds of chunks always may. */
const UNSEEN_PART = 0.025;
const UNSEEN_CHUNKS_PER_SLOT = 2;
/** Bytes of a writer's name. */
const MOST_NAME = 64;
/** How many chunks of a slot may wait for the replay before the actor stands still. */
const BUFFERED_CHUNKS_PER_SLOT = 64;

/** One actor process: it steps the slots whose leases it holds, and moves experience out and weights in. */
export class Actor {
  readonly #config: RunConfig;
  readonly #context: ProcessContext;
  readonly #announcements: RedisClient;
  readonly #policy: Policy;
  readonly #rollout: Rollout;
  readonly #uplink: Uplink;
  readonly #weights: WeightsSubscriber;
  readonly #leases: RolloutLeases;
  readonly #limiter: SampleToInsertLimiter | null;
  readonly #epsilons: Epsilons;
  readonly #waits = new Waits();
  #steps = 0;
  #episodes = 0;
  readonly #environmentErrors: { count: number };
  #dropped = 0;
  /** When it was last seen with a slot, or had no weights yet, as `performance.now()`; null: it stands by, and said so. */
  #busyAt: number | null = performance.now();
  #failure: unknown = null;
  /** Whether a step is awaited, and what is to be done once it has come back. */
  #stepping = false;
  readonly #changes: (() => void)[] = [];

  private constructor(context: ProcessContext, config: RunConfig, parts: ActorParts) {
    const { redis, env, log } = context;
    this.#announcements = parts.announcements;
    this.#config = config;
    this.#context = context;
    this.#policy = parts.policy;
    this.#uplink = parts.uplink;
    this.#epsilons = parts.epsilons;
    this.#rollout = parts.rollout;
    this.#environmentErrors = parts.environmentErrors;
    this.#weights = new WeightsSubscriber(parts.weights, env.run);
    this.#limiter = ratioLimiter(config);
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
        this.#uplink.refresh();
      },
      episodesOf: (slot) => this.#rollout.episodesOf(slot),
      onLost: (slots) => this.#change(slots, (slot) => this.#rollout.removeSlot(slot)),
      log,
    });
  }

  /** @throws EnvironmentDefinitionError, and what `createPolicy` and the replay refuse. */
  static async create(context: ProcessContext, config: RunConfig): Promise<Actor> {
    const { redis, connect, env, log, tracer, signal, outlast, warn, outliveUserCode } = context;
    const spans = tracer && new ChunkSpans(tracer);
    const { definition, layout } = await openTask(config);
    const policy = await createPolicy({
      config: config.agent,
      spec: layout,
      selector: config.exploration.selector,
    });
    if (config.environment.onError === 'restart') outliveUserCode();
    const environmentErrors = { count: 0 };
    const epsilons = new Epsilons(config);
    // The end of a long name is this life's own.
    const writer = env.id.slice(-MOST_NAME);
    const rollout = new Rollout({
      definition,
      layout,
      policy,
      writer,
      chunkLength: config.replay.chunkLength,
      seed: config.seed,
      epsilon: (slot) => epsilons.of(slot),
      ...initialPriority(config),
      ...errorPolicy(config),
      onSurvived: ({ message }) => {
        const sentence = `${message} It is made again, and the run goes on.`;
        // The others are counted.
        if (environmentErrors.count++ === 0) warn(sentence);
        else log.warn(sentence);
      },
      ...(spans ? { onChunk: (chunk) => spans.closed(chunk) } : {}),
    });
    const [experience, weights, announcements] = await Promise.all(
      ['experience', 'weights', 'announcements'].map(connect),
    );
    const { addresses } = await ReplayShards.connect(experience, env.run, config.replay.shards, {
      role: 'actor',
      patience: REDIS_PATIENCE_SECONDS,
      log,
      signal,
    });
    const uplinkOptions: UplinkOptions = {
      openInbox: () =>
        waitForInbox(() => outlast(() => openReplayInbox(addresses, layout, writer)), log, signal),
      compressed: compressesWell(layout),
      reportEpisodes: (number, report) => reportEpisodes(redis, env.run, env.id, number, report),
      ...(spans ? { onPushed: (chunks, from) => spans.pushed(chunks, from) } : {}),
      log,
    };
    const uplink = await outlast(() => Uplink.open(uplinkOptions));
    const parts = { policy, rollout, uplink, epsilons, environmentErrors, spans, weights, announcements };
    return new Actor(context, config, parts);
  }

  /** What the heartbeat tells. */
  measure(): Beat<'actor'> {
    const slots = this.#rollout.slots;
    return {
      snapshot: {
        slots: slots.length,
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        epsilon: this.#epsilons.mean(slots),
        weightsVersion: this.#rollout.weightsVersion,
        transitionsBuffered: this.#uplink.transitions,
      },
      totals: {
        environmentSteps: this.#steps,
        episodes: this.#episodes,
        environmentErrors: this.#environmentErrors.count,
        transitionsDropped: this.#dropped + this.#uplink.dropped,
        actorNamesTaken: this.#uplink.namesTaken,
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
      this.#tellStandBy(reason);
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
    const late = sleep(2 ** 31 - 1, undefined, { signal: deadline, ref: false }).catch(() => undefined);
    await Promise.race([Promise.all([this.#leases.release(), this.#uplink.close(deadline)]), late]);
    this.#dropped += this.#uplink.unsent;
    if (this.#dropped > 0) {
      this.#context.log.warn(`${this.#dropped} transitions could not be handed to the replay in time.`);
    } else {
      this.#context.log.info('Gave its slots back; all of its experience is handed in.');
    }
  }

  async #stepForSlice(signal: AbortSignal): Promise<void> {
    const end = performance.now() + SLICE_MS;
    const projected = this.#projectedStanding();
    this.#epsilons.update(projected.insertedTotal);
    const { fleet, replay } = this.#config;
    // At most a round of full chunks: that much the limiter's buffer has room for.
    for (let round = 0; round < replay.chunkLength; round++) {
      const stepped = this.#rollout.step();
      const done = typeof stepped === 'number' ? stepped : await this.#awaitStep(stepped, signal);
      if (done === null) return;
      this.#steps += done;
      projected.insertedTotal += fleet.slots;
      if (performance.now() >= end || !this.#mayInsert(projected)) break;
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
    this.#uplink.push(this.#rollout.takeChunks(), episodes, this.#steps);
  }

  #waitReason(): WaitReason | null {
    const slots = this.#rollout.slots.length;
    const { weightsVersion } = this.#rollout;
    if (slots === 0) return 'lease';
    if (weightsVersion === 0 || this.#weights.newest - weightsVersion > this.#config.fleet.maxStaleness) {
      return 'weights';
    }
    if (this.#uplink.chunks >= BUFFERED_CHUNKS_PER_SLOT * slots) return 'redis';
    if (!this.#isUnseenTooMuch() && this.#mayInsert(this.#projectedStanding())) return null;
    return this.#uplink.silentMs > SILENT_MS ? 'redis' : 'ratio';
  }

  /** Says once that this actor has nothing to do, and once that it has again. */
  #tellStandBy(reason: WaitReason | null): void {
    const { log } = this.#context;
    // The learner gives the slots out before it gives out weights.
    if (reason !== 'lease' || this.#rollout.weightsVersion === 0) {
      if (this.#busyAt === null) log.info(`Goes to work, on slots ${this.#rollout.slots.join(', ')}.`);
      this.#busyAt = performance.now();
    } else if (this.#busyAt !== null && performance.now() - this.#busyAt > STAND_BY_MS) {
      this.#busyAt = null;
      log.info(`Stands by: all ${this.#config.fleet.slots} slots are held by other actors (fleet.slots).`);
    }
  }

  async #wait(reason: WaitReason): Promise<void> {
    const began = performance.now();
    // From a standing they learn whether they may go on.
    if (reason !== 'lease') this.#uplink.refresh();
    await sleep(WAIT_MS);
    this.#waits.add(reason, (performance.now() - began) / 1000);
  }

  /**
   * How the replay will stand once it has all that this actor has stepped. The other actors are taken to have kept the
   * same pace in their slots since the last standing, so that they do not all use the same room.
   */
  #projectedStanding() {
    const { standing, standingSteps, acknowledged } = this.#uplink;
    const others = this.#config.fleet.slots / Math.max(1, this.#rollout.slots.length) - 1;
    const inserted =
      standing.insertedTotal + (this.#steps - acknowledged) + (this.#steps - standingSteps) * others;
    return { ...standing, insertedTotal: inserted };
  }

  /**
   * Whether so much of this actor is in flight that the others, who cannot know of it, would overshoot the ratio. It
   * happens when Redis answers late. All actors together stay within half of the ratio's 5 %.
   */
  #isUnseenTooMuch(): boolean {
    if (this.#limiter === null) return false;
    const { fleet, replay } = this.#config;
    const slots = this.#rollout.slots.length;
    const share = (UNSEEN_PART * this.#uplink.standing.insertedTotal * slots) / fleet.slots;
    return this.#uplink.transitions > Math.max(UNSEEN_CHUNKS_PER_SLOT * slots * replay.chunkLength, share);
  }

  #mayInsert(standing: ReplayStanding): boolean {
    return this.#limiter?.mayInsert(standing) ?? true;
  }

  #followWeights(signal: AbortSignal): Promise<void> {
    const { env, log } = this.#context;
    return followWeights({
      announcements: this.#announcements,
      run: env.run,
      subscriber: this.#weights,
      held: () => this.#rollout.weightsVersion,
      take: ({ version, tensors }) => this.#takeUp(version, () => this.#policy.load(tensors)),
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
    this.#uplink.check();
  }
}

/** The inbox once there is a replay: the learner makes it, and makes it again where Redis lost it. */
async function waitForInbox(open: () => Promise<Inbox>, log: Logger, signal: AbortSignal): Promise<Inbox> {
  for (let tries = 1; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ReplayMissingError)) throw error;
      if (tries === 1) log.info('Waiting for the replay, which the learner makes.');
      await sleep(backoff(tries), undefined, { signal });
    }
  }
}

interface ActorParts {
  readonly policy: Policy;
  readonly rollout: Rollout;
  readonly uplink: Uplink;
  readonly epsilons: Epsilons;
  /** Connections for these alone. */
  readonly weights: RedisClient;
  readonly announcements: RedisClient;
  /** Those that the run outlived. */
  readonly environmentErrors: { count: number };
  /** Null: nothing is traced. */
  readonly spans: ChunkSpans | null;
}
