import { learnsFromReplay, type RoundRunConfig, type RunConfig, speaks } from '@qfleet/config';
import { openTask, openTextTask, type TextEpisode } from '@qfleet/rollout';
import {
  type Checkpoint,
  CheckpointFolder,
  EvaluationPlayer,
  type EvaluationResult,
  type FinalEvaluation,
  InProcessEvaluations,
  PATIENCE_SECONDS,
  RecentEpisodes,
  type StopReason,
  type Trainer,
} from '@qfleet/training';
import { dialogueGathering } from './dialogue-gathering.ts';
import type { RunFiles } from './files.ts';
import type { Gather, Gathering, GatherSetting } from './gathering.ts';
import type { SingleHooks } from './hooks.ts';
import type { MemoryReplay } from './memory-replay.ts';
import { offlineGathering } from './offline-gathering.ts';
import { replayGathering } from './replay-gathering.ts';
import { roundGathering } from './round-gathering.ts';
import { InProcessWeightsChannel } from './weights-channel.ts';

/** Milliseconds between two reports of progress. */
const PROGRESS_MS = 200;

export interface SingleRunParts {
  readonly config: RunConfig;
  readonly files: RunFiles;
  /** What to continue from; null: from the start. */
  readonly from: Checkpoint | null;
  readonly hooks: SingleHooks;
  readonly signal: AbortSignal;
  /** Recorded experience to learn from, in place of playing; null: it plays. */
  readonly offline: MemoryReplay | null;
  /** Recorded dialogues to learn from, in place of those that the task makes; null: it makes them. */
  readonly dialogues: readonly TextEpisode[] | null;
}

/**
 * A rollout and a trainer, which take turns over experience in memory. Nothing here depends on time (but `stop.maxSeconds`)
 * or on another process, so a seed gives the same run bit for bit, on any number of cores. Another kind of processor,
 * or a GPU, may round otherwise.
 */
export class SingleRun {
  readonly trainer: Trainer;
  readonly #parts: SingleRunParts;
  readonly #gathering: Gathering;
  readonly #channel: InProcessWeightsChannel;
  readonly #player: EvaluationPlayer;
  readonly #recent: RecentEpisodes;
  #steps: number;
  #isTraining = true;
  /** Errors of the environment that the run outlived. */
  #survived = 0;
  readonly #warned = new Set<string>();
  #reportedAt = performance.now();

  private constructor(parts: SingleRunParts, made: Awaited<ReturnType<typeof make>>) {
    const { config, files, from, hooks, signal } = parts;
    const { gather, player } = made;
    this.#parts = parts;
    this.#player = player;
    this.#channel = new InProcessWeightsChannel();
    this.#recent = new RecentEpisodes(files.recorder?.episodes.episodes ?? 0);
    this.#steps = from?.steps ?? 0;
    const training = {
      channel: this.#channel,
      evaluations: new InProcessEvaluations(player, () => ({
        cancelled: () => signal.aborted || (this.#isTraining && this.#isOutOfTime),
        patience: this.#isOutOfTime ? PATIENCE_SECONDS : Number.POSITIVE_INFINITY,
        warn: this.#warnOnce,
      })),
      checkpoints: new CheckpointFolder(files.checkpoints, config.learner.checkpointsKept),
      from,
      warn: (sentence: string) => this.#warn(sentence),
      listener: {
        onEvaluation: (result: EvaluationResult) => {
          files.recorder?.write(this.trainer, result);
          hooks.onEvaluation?.(result);
        },
        onUnconfirmed: (evaluation: EvaluationResult, confirmation: EvaluationResult) =>
          hooks.onUnconfirmed?.(evaluation, confirmation),
      },
    };
    this.#gathering = gather({
      training,
      steps: () => this.#steps,
      onInfoRefused: this.#warnOnce,
      onSurvived: ({ message }) => {
        if (this.#survived++ === 0) this.#warn(`${message} It is made again, and training goes on.`);
      },
    });
    this.trainer = this.#gathering.trainer;
  }

  /** @throws EnvironmentDefinitionError, ConfigError, and what the agent and its policy refuse. */
  static async create(parts: SingleRunParts): Promise<SingleRun> {
    return new SingleRun(parts, await make(parts));
  }

  /** Environment steps of the whole run. */
  get steps(): number {
    return this.#steps;
  }

  /** What it has played; null: that is not kept. */
  get replay(): MemoryReplay | null {
    return this.#gathering.replay;
  }

  /**
   * Trains until the run is over, and takes a last checkpoint.
   * @returns null where it was interrupted.
   */
  async train(): Promise<StopReason | null> {
    const { trainer } = this;
    const { signal, files } = this.#parts;
    await trainer.start();
    await this.#takeUpWeights();
    let stopReason: StopReason | null = null;
    while (!signal.aborted) {
      stopReason = trainer.stopReason();
      if (stopReason) break;
      if (trainer.waitReason() === null) {
        await trainer.update();
        trainer.startDueWork();
        // What is due ends before the next rollout: in one process, order is what makes a run reproducible.
        await this.#settle();
        await this.#takeUpWeights();
      } else {
        this.#steps += await this.#gathering.step();
      }
      if (performance.now() - this.#reportedAt >= PROGRESS_MS) {
        this.#report();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await this.#gathering.close();
    this.#isTraining = false;
    await trainer.finish(stopReason !== null && stopReason !== 'solved');
    await this.#settle();
    this.#report();
    files.recorder?.write(trainer);
    if (this.#survived > 1)
      this.#warn(`The environment threw ${this.#survived} times in all, and was made again each time.`);
    return stopReason;
  }

  /** Plays the last evaluation of a run that is over; null where nothing was learned, or where it was interrupted. */
  conclude(reason: StopReason): Promise<FinalEvaluation | null> {
    const { signal } = this.#parts;
    return this.trainer.conclude(reason, (request) =>
      this.#player.play(request, {
        cancelled: () => signal.aborted,
        warn: this.#warnOnce,
        ...(reason === 'maxSeconds' ? { patience: PATIENCE_SECONDS } : {}),
      }),
    );
  }

  /** Frees what the agent holds. */
  dispose(): void {
    this.#gathering.dispose();
  }

  #warn(sentence: string): void {
    this.#parts.hooks.onWarning?.(sentence);
  }

  /** Warns of what each evaluation finds anew. */
  readonly #warnOnce = (sentence: string): void => {
    if (this.#warned.has(sentence)) return;
    this.#warned.add(sentence);
    this.#warn(sentence);
  };

  /** Whether the run's budget of seconds is used up: its evaluation then ends too. */
  get #isOutOfTime(): boolean {
    const { maxSeconds } = this.#parts.config.stop;
    return maxSeconds !== null && this.trainer.seconds >= maxSeconds;
  }

  /** Waits until all that is due is done, with the evaluations that follow from it. */
  async #settle(): Promise<void> {
    do await this.trainer.settle();
    while ((await this.trainer.collectEvaluations()) > 0);
  }

  async #takeUpWeights(): Promise<void> {
    const weights = await this.#channel.newerThan(this.#gathering.weightsVersion);
    if (weights) this.#gathering.takeUp(weights);
  }

  #report(): void {
    const { trainer } = this;
    const { files, hooks } = this.#parts;
    this.#reportedAt = performance.now();
    this.#recent.add(this.#gathering.takeEpisodes());
    const { figures, epsilons } = this.#recent;
    if (files.recorder !== null) {
      files.recorder.episodes = figures;
      files.recorder.tick(trainer);
    }
    hooks.onProgress?.({
      seconds: trainer.seconds,
      steps: this.#steps,
      updates: trainer.updates,
      meanReturn: figures.meanReturn,
      evaluation: trainer.scores.last?.mean ?? null,
      epsilon: epsilons,
      replayTransitions: trainer.replay?.size ?? 0,
    });
  }
}

/** What a run is made of, beside what is told of it. */
async function make({ config, offline, dialogues }: SingleRunParts) {
  if (speaks(config)) {
    const gather = await dialogueGathering({ config, task: await openTextTask(config), dialogues, offline });
    return { gather, player: await EvaluationPlayer.create(config) };
  }
  const task = await openTask(config);
  // First, since its agent decides how TensorFlow is loaded.
  const gather = await gathering({ config, task }, offline);
  return { gather, player: await EvaluationPlayer.create(config) };
}

function gathering(setting: GatherSetting<RunConfig>, offline: MemoryReplay | null): Promise<Gather> {
  const { config, task } = setting;
  if (learnsFromReplay(config)) {
    return offline === null ? replayGathering({ config, task }) : offlineGathering({ config, task }, offline);
  }
  if (offline !== null) throw new TypeError(`${config.agent.kind} does not learn from a replay.`);
  return roundGathering({ config: config as RoundRunConfig, task });
}
