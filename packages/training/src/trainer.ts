import type { UpdateStats } from '@qfleet/agents';
import { type RunConfig, replayRunConfig } from '@qfleet/config';
import type { Replay } from '@qfleet/replay';
import { Background } from './background.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointPace } from './checkpoint-pace.ts';
import { CONSERVATIVE_ONLINE, isConservativeOnline } from './conservative-online.ts';
import { DivergenceWatch } from './divergence.ts';
import { EvaluationDesk, type Play } from './evaluation/desk.ts';
import type { FinalEvaluation } from './evaluation/result.ts';
import type { Scoreboard } from './evaluation/scoreboard.ts';
import type { Experience } from './experience.ts';
import { Publisher } from './publisher.ts';
import { REMEMBERS_TWICE, remembersTwice } from './remembers-twice.ts';
import { ReplayExperience } from './replay-experience.ts';
import { RoundExperience } from './round-experience.ts';
import { SupportWatch } from './support-watch.ts';
import type { Outlast, StopReason, TrainerCounts, TrainerParts, WaitReason } from './trainer-parts.ts';

/**
 * The learner's work, a call at a time: experience, update, and what is due after it. It decides nothing about
 * processes and time slices: `runTrainer` drives it as a fleet's learner, `--single` between rollouts.
 */
export class Trainer {
  readonly config: RunConfig;
  readonly #parts: TrainerParts;
  readonly #experience: Experience;
  readonly #publisher: Publisher;
  readonly #desk: EvaluationDesk;
  readonly #pace: CheckpointPace;
  readonly #divergence: DivergenceWatch;
  readonly #support: SupportWatch;
  readonly #background = new Background();
  readonly #secondsBefore: number;
  readonly #startedAt = performance.now();
  readonly #counts = { updates: 0, sampled: 0, checkpoints: 0 };
  #updates: number;
  #stats: UpdateStats | null = null;

  constructor(parts: TrainerParts) {
    const { config, agent, from, channel, evaluations, checkpoints } = parts;
    const { outlast = (task) => task() } = parts;
    const { batchesPerUpdate } = agent;
    this.config = config;
    this.#parts = parts;
    this.#divergence = new DivergenceWatch(config.agent);
    this.#support = new SupportWatch(config.agent, (sentence) => parts.warn?.(sentence));
    if (remembersTwice(config)) parts.warn?.(REMEMBERS_TWICE);
    if (isConservativeOnline(parts)) parts.warn?.(CONSERVATIVE_ONLINE);
    if (from) agent.restore(from.state);
    this.#updates = from?.updates ?? 0;
    this.#secondsBefore = from?.seconds ?? 0;
    const { publishEvery, checkpointEvery } = config.learner;
    // A round is played with what was learned from the one before it.
    const every = 'rounds' in parts ? batchesPerUpdate : publishEvery;
    this.#publisher = new Publisher(
      { agent, channel, divergence: this.#divergence, outlast, every },
      from?.version ?? 0,
      this.#updates,
    );
    this.#experience = this.#open(parts, outlast);
    const background = this.#background;
    const { listener = {} } = parts;
    this.#desk = new EvaluationDesk({
      ...{ config, evaluations, checkpoints, background, outlast, listener, from },
    });
    // What is evaluated is a checkpoint.
    const between = Math.min(checkpointEvery, config.evaluation.every);
    this.#pace = new CheckpointPace(between, batchesPerUpdate, this.#updates);
  }

  #open(parts: TrainerParts, outlast: Outlast): Experience {
    if ('rounds' in parts) return new RoundExperience(parts, outlast, () => this.#publish());
    return new ReplayExperience(parts, replayRunConfig(parts.config), outlast, () => this.#publish());
  }

  /** Where experience is sampled from; null: it comes in rounds. */
  get replay(): Replay | null {
    return this.#experience.replay;
  }

  /** Gradient updates of the whole run. */
  get updates(): number {
    return this.#updates;
  }

  /** The weights version that was published last. */
  get version(): number {
    return this.#publisher.version;
  }

  /** Seconds of training over all of the run's starts. */
  get seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#startedAt) / 1000;
  }

  /** What was done since this start. */
  get counts(): TrainerCounts {
    const { count: published, bytes: publishedBytes, seconds: publishSeconds } = this.#publisher;
    const { waitedSeconds: fetchWaitSeconds, chunksRefused, roundSlotsMissed } = this.#experience;
    const publishing = { published, publishedBytes, publishSeconds };
    return { ...this.#counts, ...publishing, fetchWaitSeconds, chunksRefused, roundSlotsMissed };
  }

  /** What the last call measured; null before the first. */
  get stats(): UpdateStats | null {
    return this.#stats;
  }

  /** Environment steps of the whole run, as far as they came into a replay, lost ones included. */
  get steps(): number {
    return this.#experience.steps;
  }

  /** What the run's evaluations said. */
  get scores(): Scoreboard {
    return this.#desk.scores;
  }

  /** Publishes the first weights, so that actors can begin. Versions continue above whatever the channel has. */
  async start(): Promise<void> {
    await this.scores.open();
    await this.#publisher.open();
    await this.#publish();
    await this.synchronize();
  }

  /** Ingests what is new in the store, and tells it what was sampled. True where something came. */
  synchronize(): Promise<boolean> {
    return this.#experience.synchronize();
  }

  /** Why `update` must wait, or null where it may go on. */
  waitReason(): WaitReason | null {
    return this.#experience.waitReason() ?? (this.#pace.mustWait(this.#updates) ? 'checkpoint' : null);
  }

  /**
   * One call of the agent: `agent.batchesPerUpdate` gradient updates; none where the replay was lost while its batches
   * were in flight. The caller has asked `waitReason`.
   * @throws DivergenceError where it leaves numbers behind that are not finite: nothing of them leaves the trainer.
   */
  async update(): Promise<void> {
    const { agent } = this.#parts;
    const call = await this.#experience.call(this.#updates);
    if (call === null) return;
    const { stats, data, transitions } = call;
    const count = agent.batchesPerUpdate;
    this.#stats = stats;
    this.#divergence.afterCall({ updates: this.#updates, count, data, stats }, () => agent.state());
    this.#support.afterCall(data, stats);
    this.#updates += count;
    this.#counts.updates += count;
    this.#counts.sampled += transitions;
    this.#experience.called(this.#updates);
  }

  /**
   * Starts what is due after an update, or while one waits: publishing, a checkpoint, an evaluation, saving priorities.
   * Holds nothing up.
   */
  startDueWork(): void {
    const background = this.#background;
    background.check();
    if (!background.busy('publish') && this.#publisher.isDue(this.#updates)) {
      background.start('publish', () => this.#publish());
    }
    if (background.busy('checkpoint')) this.#pace.underWay(this.#updates);
    else this.#startDueCheckpoint();
    if (this.#experience.isSavingDue && !background.busy('priorities')) {
      background.start('priorities', () => this.#experience.save());
    }
  }

  #startDueCheckpoint(): void {
    const next = this.#desk.isBusy ? Number.POSITIVE_INFINITY : this.#desk.next;
    // The next call would pass it otherwise. One that is begun soon serves the checkpoint that is due now.
    const isEvaluationDue = this.#updates + this.#parts.agent.batchesPerUpdate > next;
    if (!isEvaluationDue && !this.#pace.due(this.#updates)) return;
    const evaluate = this.#updates + this.#pace.early >= next;
    this.#background.start('checkpoint', () => this.#checkpoint(evaluate));
  }

  /**
   * Collects the evaluations that came, and asks for fresh episodes on checkpoints that reached the run's goal.
   * @returns how many came.
   */
  collectEvaluations(): Promise<number> {
    return this.#desk.collect();
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

  /** The last checkpoint and the last weights of this start; `evaluate`: and an evaluation of what was learned since the last one. */
  async finish(evaluate: boolean): Promise<void> {
    // First what needs no Redis: it may be away, or full.
    await this.#background.finished('checkpoint');
    const evaluateLast = evaluate && this.#desk.hasNewer(this.#updates);
    if (evaluateLast || this.#updates > this.#pace.begun) await this.#checkpoint(evaluateLast);
    await this.settle();
    if (this.#publisher.hasNewer(this.#updates)) await this.#publish();
    await this.synchronize();
    await this.#experience.save();
  }

  /**
   * Judges a run that is over, after `finish`: see `EvaluationDesk.conclude`.
   * @returns null where nothing was learned, or where `play` was cancelled.
   */
  conclude(reason: StopReason, play: Play): Promise<FinalEvaluation | null> {
    return this.#desk.conclude(reason, play);
  }

  #publish(): Promise<void> {
    this.#experience.publishing(this.#publisher.version + 1, this.#updates);
    return this.#publisher.publish(this.#updates);
  }

  async #checkpoint(evaluate: boolean): Promise<void> {
    const { agent, checkpoints } = this.#parts;
    const parameters = agent.parameters();
    const state = agent.state();
    this.#divergence.beforeLeaving(state);
    if (evaluate) this.#desk.begin(this.#updates);
    const checkpoint: Checkpoint = {
      updates: this.#updates,
      version: this.version,
      ...this.#experience.stepsState,
      seconds: this.seconds,
      nextEvaluation: this.#desk.next,
      ...this.#experience.drawing,
      config: this.config,
      layout: this.#parts.layout,
      parameters,
      state,
    };
    this.#pace.begin(checkpoint.updates);
    await checkpoints.write(checkpoint, evaluate);
    this.#pace.done(checkpoint.updates);
    this.#counts.checkpoints++;
    if (evaluate) this.#desk.ask(checkpoint);
  }
}
