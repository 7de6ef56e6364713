import type { RunConfig } from '@qfleet/config';
import type { Background } from '../background.ts';
import { bestCheckpoint, type Checkpoint, type CheckpointFolder } from '../checkpoint.ts';
import type { Outlast, StopReason } from '../trainer-parts.ts';
import type { Evaluations } from './evaluations.ts';
import { EvaluationPace } from './pace.ts';
import { comparison, confirmation, type EvaluationRequest, lastEvaluation } from './request.ts';
import type { EvaluationResult, FinalEvaluation } from './result.ts';
import { Scoreboard, type ScoreboardListener } from './scoreboard.ts';

export interface EvaluationDeskParts {
  readonly config: RunConfig;
  readonly evaluations: Evaluations;
  readonly checkpoints: CheckpointFolder;
  readonly background: Background;
  readonly outlast: Outlast;
  readonly listener: ScoreboardListener;
  /** The checkpoint that training goes on from, and its updates; null: from the start. */
  readonly from: Checkpoint | null;
}

/** Plays a request at once; null: it was cancelled. */
export type Play = (request: EvaluationRequest) => Promise<EvaluationResult | null>;

/** Asks for a run's evaluations: those that are due, those that confirm, and the last. */
export class EvaluationDesk {
  readonly scores: Scoreboard;
  readonly #parts: EvaluationDeskParts;
  readonly #pace: EvaluationPace;
  /** Updates at the last evaluation that was asked for. */
  #evaluated: number;
  /** Requests that are in flight. */
  #requests = 0;

  constructor(parts: EvaluationDeskParts) {
    const { config, evaluations, checkpoints, listener, from } = parts;
    this.#parts = parts;
    this.scores = new Scoreboard(evaluations, checkpoints, config, listener);
    this.#evaluated = from?.updates ?? 0;
    this.#pace = new EvaluationPace(config.evaluation.every, this.#evaluated, from?.nextEvaluation ?? null);
  }

  /** The updates at which the next one is due. */
  get next(): number {
    return this.#pace.next;
  }

  /** Whether a request waits to be taken: it holds a copy of the parameters, so there is one at a time. */
  get isBusy(): boolean {
    return this.#requests > 0;
  }

  /** Whether what was learned since the last evaluation is to be evaluated yet. */
  hasNewer(updates: number): boolean {
    return updates > this.#evaluated;
  }

  /** A checkpoint of so many updates is to be evaluated. */
  begin(updates: number): void {
    this.#evaluated = updates;
    this.#pace.begin(updates);
  }

  /** Asks for the evaluation of a checkpoint that is on disk. */
  ask(checkpoint: Checkpoint): void {
    const request = comparison(this.#parts.config, checkpoint);
    this.scores.expect(request);
    // A task of its own: with Redis full, checkpoints go on.
    this.#parts.background.start(request.id, async () => {
      this.#requests++;
      await this.#send(request).finally(() => this.#requests--);
    });
  }

  /**
   * Collects the evaluations that came, and asks for fresh episodes on checkpoints that reached the run's goal.
   * @returns how many came.
   */
  async collect(): Promise<number> {
    const { background, outlast } = this.#parts;
    const results = await outlast(() => this.scores.collect());
    for (const updates of this.scores.takeCandidates()) {
      background.start(`confirmation ${updates}`, () => this.#confirm(updates));
    }
    return results.length;
  }

  /**
   * Plays the last evaluation of a run that is over, on its best checkpoint, and keeps what it said: what confirmed that
   * the run is solved, or else episodes by which no checkpoint was chosen.
   *
   * @returns null where nothing was learned, or where it was cancelled.
   */
  async conclude(reason: StopReason, play: Play): Promise<FinalEvaluation | null> {
    const { config, checkpoints } = this.#parts;
    const checkpoint = await bestCheckpoint(checkpoints.directory);
    if (checkpoint === null) return null;
    const { best } = this.scores;
    const confirmed =
      reason === 'solved' && best?.updates === checkpoint.updates ? best.confirmation : undefined;
    const result = confirmed ?? (await play(lastEvaluation(config, checkpoint)));
    if (result === null) return null;
    const evaluation = { version: checkpoint.version, ...result };
    await checkpoints.keepFinal(evaluation);
    return evaluation;
  }

  async #confirm(updates: number): Promise<void> {
    const { config, checkpoints } = this.#parts;
    const checkpoint = await checkpoints.read(updates);
    if (checkpoint === null) return this.scores.dismiss(updates);
    const request = confirmation(config, checkpoint);
    this.scores.expect(request);
    await this.#send(request);
  }

  #send(request: EvaluationRequest): Promise<void> {
    const { evaluations, outlast } = this.#parts;
    return outlast(() => evaluations.request(request));
  }
}
