import type { Agent, UpdateStats, WeightsChannel } from '@qfleet/agents';
import { ConfigError, type RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import {
  type Layout,
  makeBatch,
  Prefetcher,
  type PriorityStore,
  Replay,
  ReplayMissingError,
  type ReplayStanding,
  type ReplayStore,
  ratioLimiter,
  type SampleToInsertLimiter,
  trainedSteps,
} from '@qfleet/replay';
import { Background } from './background.ts';
import type { Checkpoint, CheckpointFolder } from './checkpoint.ts';
import { CheckpointPace } from './checkpoint-pace.ts';
import type { ChunkWatch } from './chunk-watch.ts';
import { DivergenceWatch } from './divergence.ts';
import { EvaluationPace } from './evaluation-pace.ts';
import { confirmationSeed, type Evaluations, evaluationSeed, HELD_OUT_EPISODES } from './evaluations.ts';
import { RunSteps } from './run-steps.ts';
import { Scoreboard, type ScoreboardListener } from './scoreboard.ts';

export interface TrainerParts {
  readonly config: RunConfig;
  readonly layout: Layout;
  readonly agent: Agent;
  readonly store: ReplayStore;
  readonly channel: WeightsChannel;
  readonly evaluations: Evaluations;
  readonly checkpoints: CheckpointFolder;
  /** Where to continue from; null: from the start. */
  readonly from: Checkpoint | null;
  /**
   * Calls whose batches are drawn ahead where something has to be fetched for them. Default 0: then what comes when
   * changes nothing, as reproducible runs in one process need it.
   */
  readonly callsAhead?: number;
  /** Where priorities outlive this process, and its fencing token; without it they are not kept. */
  readonly saving?: { readonly store: PriorityStore; readonly fence: number };
  readonly listener?: ScoreboardListener;
  readonly watch?: ChunkWatch;
  /** Makes the replay (and what lay beside it) again where its server lost it; without it, a loss is thrown. */
  readonly restore?: () => Promise<void>;
  /** Does what the store, the channel or the evaluations may refuse for a while; without it, a refusal is thrown. */
  readonly outlast?: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Why training ended; null while it goes on. */
export type StopReason = 'solved' | 'maxUpdates' | 'maxSteps' | 'maxSeconds';

/** Why no update can be done now. */
export type WaitReason = 'too little experience' | 'sample-to-insert ratio' | 'checkpoint';

/** What was done since a trainer's start. */
export interface TrainerCounts {
  /** Gradient updates. */
  readonly updates: number;
  /** Transitions. */
  readonly sampled: number;
  /** Weights versions. */
  readonly published: number;
  readonly checkpoints: number;
  /** Seconds that updates waited for batches to come from the store. */
  readonly fetchWaitSeconds: number;
}

/** Where the run's stream of sampled places begins. */
const SAMPLING_STREAM = 'replay sampling';

/** The stream of a run's sampling, at its beginning. */
export const samplingRandom = (seed: number): Random => new Random(Random.seed(seed, SAMPLING_STREAM));

/** What a killed learner loses of its priorities at most. */
const PRIORITIES_MS = 5_000;

/**
 * The learner's work, a call at a time: sample, update, and what is due after it. It decides nothing about
 * processes and time slices: `runTrainer` drives it as a fleet's learner, `--single` between rollouts.
 */
export class Trainer {
  readonly config: RunConfig;
  readonly replay: Replay;
  readonly scores: Scoreboard;
  readonly #parts: TrainerParts;
  readonly #random: Random;
  readonly #prefetcher: Prefetcher;
  readonly #newPriorities: Float32Array;
  /** Transitions that a call of the agent samples. */
  readonly #transitionsPerCall: number;
  readonly #limiter: SampleToInsertLimiter | null;
  readonly #background = new Background();
  readonly #divergence: DivergenceWatch;
  readonly #secondsBefore: number;
  readonly #startedAt = performance.now();

  #updates: number;
  #version: number;
  #published: number;
  readonly #pace: CheckpointPace;
  readonly #evaluationPace: EvaluationPace;
  /** Updates at the last evaluation that was asked for. */
  #evaluated: number;
  readonly #counts = { updates: 0, sampled: 0, published: 0, checkpoints: 0 };
  readonly #steps: RunSteps;
  /** Requests of evaluations that are in flight. */
  #requests = 0;
  #prioritiesSavedAt = performance.now();
  #stats: UpdateStats | null = null;

  constructor(parts: TrainerParts) {
    const { config, agent, layout, from } = parts;
    this.config = config;
    this.#parts = parts;
    this.#random = from ? Random.from(from.random) : samplingRandom(config.seed);
    const { sampling } = config.replay;
    const { frameStack } = config.environment;
    this.replay = new Replay(parts.store, {
      layout,
      capacity: config.replay.capacity,
      cacheBytes: config.learner.cacheBytes,
      discount: config.agent.discount,
      unit: agent.unit,
      frameStack,
      ...(sampling.kind === 'prioritized' ? { prioritized: sampling } : {}),
      ...(parts.saving ? { saving: parts.saving } : {}),
      ...(parts.watch ? { onTaken: parts.watch.taken } : {}),
    });
    const size = config.agent.batchSize;
    const makeBatches = () =>
      Array.from({ length: agent.batchesPerUpdate }, () => makeBatch(agent.unit, size, layout, frameStack));
    this.#prefetcher = new Prefetcher(this.replay, this.#random, makeBatches, parts.callsAhead ?? 0);
    this.#newPriorities = new Float32Array(size * agent.batchesPerUpdate);
    this.#transitionsPerCall = this.#newPriorities.length * trainedSteps(agent.unit);
    this.#limiter = ratioLimiter(config);
    this.#divergence = new DivergenceWatch(config.agent);
    if (from) agent.restore(from.state);
    this.#updates = from?.updates ?? 0;
    this.#version = from?.version ?? 0;
    this.#secondsBefore = from?.seconds ?? 0;
    this.#steps = new RunSteps(from ?? { generation: null, steps: 0, stepsBefore: 0 });
    this.scores = new Scoreboard(parts.evaluations, parts.checkpoints, config, parts.listener ?? {});
    this.#published = this.#evaluated = this.#updates;
    const { every } = config.evaluation;
    this.#evaluationPace = new EvaluationPace(every, this.#updates, from?.nextEvaluation ?? null);
    // What is evaluated is a checkpoint.
    const between = Math.min(config.learner.checkpointEvery, every);
    this.#pace = new CheckpointPace(between, agent.batchesPerUpdate, this.#updates);
  }

  get updates(): number {
    return this.#updates;
  }

  get version(): number {
    return this.#version;
  }

  /** Seconds of training over all of the run's starts. */
  get seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#startedAt) / 1000;
  }

  /** What was done since this start. */
  get counts(): TrainerCounts {
    return { ...this.#counts, fetchWaitSeconds: this.#prefetcher.waitedSeconds };
  }

  /** What the last call measured; null before the first. */
  get stats(): UpdateStats | null {
    return this.#stats;
  }

  /** Environment steps of the whole run, as far as they came into a replay, lost ones included. */
  get steps(): number {
    return this.#steps.steps;
  }

  /** Publishes the first weights, so that actors can begin. Versions continue above whatever the channel has. */
  async start(): Promise<void> {
    await this.scores.open();
    this.#version = Math.max(this.#version, await this.#parts.channel.version());
    await this.#publish();
    await this.synchronize();
  }

  /** Ingests what is new in the store, and tells it what was sampled. True where something came. */
  async synchronize(): Promise<boolean> {
    const { restore } = this.#parts;
    const { losses } = this.replay.counts;
    let added = 0;
    try {
      added = await this.#outlast(() => this.replay.sync());
    } catch (error) {
      if (!(error instanceof ReplayMissingError) || restore === undefined) throw error;
      await this.#outlast(restore);
      added = await this.#outlast(() => this.replay.sync());
      await this.#publish();
      this.#countSteps();
      return added > 0;
    }
    // The replay was lost and is there again, but what lay beside it may not be.
    if (restore !== undefined && this.replay.counts.losses > losses) {
      await this.#outlast(restore);
      await this.#publish();
    }
    this.#countSteps();
    return added > 0;
  }

  #countSteps(): void {
    const { standing } = this.replay;
    if (standing === null) return;
    this.#steps.count(standing);
    this.#checkRoom(standing);
  }

  /**
   * Chunks of short episodes take more bytes a transition than was reckoned with.
   * @throws ConfigError where the replay is full before it holds a batch: learning would wait for ever.
   */
  #checkRoom({ evictedTotal }: ReplayStanding): void {
    const { replay, agent } = this.config;
    if (evictedTotal === 0 || this.replay.size >= agent.batchSize) return;
    throw new ConfigError([
      `replay.capacityBytes is ${replay.capacityBytes}, which is full with ${this.replay.size} transitions of this ` +
        `environment; allowed: enough for agent.batchSize, ${agent.batchSize}.`,
    ]);
  }

  /** Why `update` must wait, or null where it may go on. */
  waitReason(): WaitReason | null {
    const { standing, size } = this.replay;
    const { minSize } = this.config.replay;
    if (standing === null || size < this.config.agent.batchSize || standing.insertedTotal < minSize) {
      return 'too little experience';
    }
    if (!(this.#limiter?.maySample(standing, this.#transitionsPerCall) ?? true))
      return 'sample-to-insert ratio';
    return this.#pace.mustWait(this.#updates) ? 'checkpoint' : null;
  }

  /**
   * One call of the agent: `agent.batchesPerUpdate` gradient updates; none where the replay was lost while its batches
   * were in flight. The caller has asked `waitReason`.
   * @throws DivergenceError where it leaves numbers behind that are not finite: nothing of them leaves the trainer.
   */
  async update(): Promise<void> {
    const { agent, watch } = this.#parts;
    watch?.sampling();
    const batches = await this.#prefetcher.next({ beta: this.#beta() });
    if (batches === null) return;
    watch?.sampled(batches);
    const stats = agent.update(batches, this.#newPriorities);
    this.#stats = stats;
    this.#divergence.afterCall({ updates: this.#updates, batches, stats }, () => agent.state());
    this.#updates += batches.length;
    watch?.updated(this.#updates);
    this.#counts.updates += batches.length;
    this.#counts.sampled += this.#transitionsPerCall;
    if (this.config.replay.sampling.kind === 'uniform') return;
    const size = this.config.agent.batchSize;
    batches.forEach((batch, i) => {
      this.replay.updatePriorities(batch.handles, this.#newPriorities.subarray(i * size, (i + 1) * size));
    });
  }

  /** The exponent of the importance weights: rises to 1 over the planned updates (Schaul et al., 2016, 3.4). */
  #beta(): number {
    const { sampling } = this.config.replay;
    if (sampling.kind === 'uniform') return 0;
    const { maxUpdates } = this.config.stop;
    const progress = maxUpdates === null ? 0 : Math.min(1, this.#updates / maxUpdates);
    return sampling.beta + (1 - sampling.beta) * progress;
  }

  /**
   * Starts what is due after an update, or while one waits: publishing, a checkpoint, an evaluation, saving priorities.
   * Holds nothing up.
   */
  startDueWork(): void {
    this.#background.check();
    const { learner } = this.config;
    const isPublicationDue = this.#updates - this.#published >= learner.publishEvery;
    if (isPublicationDue && !this.#background.busy('publish') && this.#parts.channel.mayPublish()) {
      this.#background.start('publish', () => this.#publish());
    }
    if (this.#background.busy('checkpoint')) this.#pace.underWay(this.#updates);
    else {
      // A request that waits for Redis holds a copy of the parameters: there is one at a time.
      const next = this.#requests === 0 ? this.#evaluationPace.next : Number.POSITIVE_INFINITY;
      const call = this.#parts.agent.batchesPerUpdate;
      // The next call would pass it otherwise. One that is begun soon serves the checkpoint that is due now.
      const isEvaluationDue = this.#updates + call > next;
      if (isEvaluationDue || this.#pace.due(this.#updates)) {
        const evaluate = this.#updates + this.#pace.early >= next;
        this.#background.start('checkpoint', () => this.#checkpoint(evaluate));
      }
    }
    if (
      performance.now() - this.#prioritiesSavedAt >= PRIORITIES_MS &&
      !this.#background.busy('priorities')
    ) {
      this.#background.start('priorities', () => this.#savePriorities());
    }
  }

  /**
   * Collects the evaluations that came, and asks for fresh episodes on checkpoints that reached the run's goal.
   * @returns how many came.
   */
  async collectEvaluations(): Promise<number> {
    const results = await this.#outlast(() => this.scores.collect());
    for (const updates of this.scores.takeCandidates()) {
      this.#background.start(`confirmation ${updates}`, () => this.#requestConfirmation(updates));
    }
    return results.length;
  }

  async #requestConfirmation(updates: number): Promise<void> {
    const { checkpoints, evaluations } = this.#parts;
    const checkpoint = await checkpoints.read(updates);
    if (checkpoint === null) return this.scores.dismiss(updates);
    this.scores.expect();
    const { version, parameters } = checkpoint;
    const episodes = Math.max(this.config.evaluation.episodes, HELD_OUT_EPISODES);
    const seed = confirmationSeed(this.config, updates);
    await this.#outlast(() => evaluations.request({ updates, version, parameters, episodes, seed }));
  }

  /** Waits until everything that `startDueWork` and `collectEvaluations` started is done. */
  settle(): Promise<void> {
    return this.#background.settle();
  }

  stopReason(): StopReason | null {
    const { maxUpdates, maxSteps, maxSeconds } = this.config.stop;
    if (this.scores.solved) return 'solved';
    if (maxUpdates !== null && this.#updates >= maxUpdates) return 'maxUpdates';
    if (maxSteps !== null && this.steps >= maxSteps) return 'maxSteps';
    if (maxSeconds !== null && this.seconds >= maxSeconds) return 'maxSeconds';
    return null;
  }

  /** The last checkpoint and the last weights of this start; `evaluate`: and a last evaluation. */
  async finish(evaluate: boolean): Promise<void> {
    // First what needs no Redis: it may be away, or full.
    await this.#background.finished('checkpoint');
    const evaluateLast = evaluate && this.#updates > this.#evaluated;
    if (evaluateLast || this.#updates > this.#pace.begun) await this.#checkpoint(evaluateLast);
    await this.settle();
    if (this.#updates > this.#published) await this.#publish();
    await this.synchronize();
    await this.#savePriorities();
  }

  async #savePriorities(): Promise<void> {
    this.#prioritiesSavedAt = performance.now();
    try {
      await this.#outlast(() => this.replay.savePriorities());
    } catch (error) {
      // They are lost with the replay; `synchronize` sees to that.
      if (!(error instanceof ReplayMissingError)) throw error;
    }
  }

  async #publish(): Promise<void> {
    const updates = this.#updates;
    const tensors = this.#parts.agent.parameters();
    this.#divergence.beforeLeaving(tensors);
    this.#published = updates;
    const weights = { version: ++this.#version, updates, tensors };
    await this.#outlast(() => this.#parts.channel.publish(weights));
    this.#counts.published++;
  }

  async #checkpoint(evaluate: boolean): Promise<void> {
    const { agent, checkpoints, evaluations } = this.#parts;
    const parameters = agent.parameters();
    const state = agent.state();
    this.#divergence.beforeLeaving(state);
    if (evaluate) {
      this.#evaluated = this.#updates;
      this.#evaluationPace.begin(this.#updates);
    }
    const checkpoint: Checkpoint = {
      updates: this.#updates,
      version: this.#version,
      ...this.#steps.state,
      seconds: this.seconds,
      nextEvaluation: this.#evaluationPace.next,
      random: this.#random.state,
      config: this.config,
      parameters,
      state,
    };
    this.#pace.begin(checkpoint.updates);
    await checkpoints.write(checkpoint, evaluate);
    this.#pace.done(checkpoint.updates);
    this.#counts.checkpoints++;
    if (!evaluate) return;
    this.scores.expect();
    const request = {
      updates: checkpoint.updates,
      version: checkpoint.version,
      parameters,
      episodes: this.config.evaluation.episodes,
      seed: evaluationSeed(this.config, checkpoint.updates),
    };
    // A task of its own: with Redis full, checkpoints go on.
    this.#background.start(`evaluation ${checkpoint.updates}`, async () => {
      this.#requests++;
      await this.#outlast(() => evaluations.request(request)).finally(() => this.#requests--);
    });
  }

  #outlast<T>(task: () => Promise<T>): Promise<T> {
    const { outlast } = this.#parts;
    return outlast ? outlast(task) : task();
  }
}
