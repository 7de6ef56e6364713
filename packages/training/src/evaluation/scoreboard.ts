import type { RunConfig } from '@qfleet/config';
import { meanInfo } from '@qfleet/rollout';
import type { CheckpointFolder } from '../checkpoint.ts';
import type { Evaluations } from './evaluations.ts';
import { confirmationSeed, type EvaluationRequest } from './request.ts';
import { type BestEvaluation, type EvaluationResult, meanAndStd } from './result.ts';

/** A listener that is told of results as they come. */
export interface ScoreboardListener {
  /** Told of a checkpoint's first evaluation. */
  onEvaluation?(result: EvaluationResult): void;
  /** Told of a checkpoint that reached stop.solvedReturn, and fell short of it on fresh episodes. */
  onUnconfirmed?(evaluation: EvaluationResult, confirmation: EvaluationResult): void;
}

/** How many ids are remembered: more than a queue keeps results. */
const REMEMBERED = 2_000;

/**
 * What the evaluations of a run's checkpoints said: the last, the best, and how many are still to come. A result counts
 * once, by its id. The run's goal is reached where a checkpoint reaches it twice, the second time on fresh episodes.
 */
export class Scoreboard {
  readonly #evaluations: Evaluations;
  readonly #checkpoints: CheckpointFolder;
  readonly #config: RunConfig;
  readonly #listener: ScoreboardListener;
  /** Those that reached the goal, by their updates, until fresh episodes were played. */
  readonly #candidates = new Map<number, EvaluationResult>();
  /** The candidates that `takeCandidates` has not given out yet. */
  #fresh: number[] = [];
  /** The ids of what was asked for since this start and is not in yet, and of the last results that came. */
  readonly #awaited = new Set<string>();
  readonly #taken = new Set<string>();
  #last: EvaluationResult | null = null;
  #best: BestEvaluation | null = null;
  #solved = false;

  constructor(
    evaluations: Evaluations,
    checkpoints: CheckpointFolder,
    config: RunConfig,
    listener: ScoreboardListener,
  ) {
    this.#evaluations = evaluations;
    this.#checkpoints = checkpoints;
    this.#config = config;
    this.#listener = listener;
  }

  /** Evaluations that were asked for since this start and are not in yet. */
  get pending(): number {
    return this.#awaited.size;
  }

  get last(): EvaluationResult | null {
    return this.#last;
  }

  /** Over all of the run's starts. */
  get best(): BestEvaluation | null {
    return this.#best;
  }

  /** Whether the best checkpoint reached the goal, and again on fresh episodes. */
  get solved(): boolean {
    return this.#solved;
  }

  /** Reads the best of the run's earlier starts. */
  async open(): Promise<void> {
    const best = await this.#checkpoints.best();
    this.#best = best;
    if (best === null || !this.#reachesGoal(best)) return;
    if (best.confirmation == null) this.#nominate(best);
    else this.#solved = this.#reachesGoal(best.confirmation);
  }

  /** The request's result is to come. */
  expect({ id }: Pick<EvaluationRequest, 'id'>): void {
    if (!this.#taken.has(id)) this.#awaited.add(id);
  }

  /** Collects the results that came for the first time, and keeps the best checkpoint. */
  async collect(): Promise<EvaluationResult[]> {
    const came = await this.#evaluations.results();
    for (const { id, updates } of this.#evaluations.takeAbandoned()) {
      this.#awaited.delete(id);
      await this.dismiss(updates);
    }
    const results = came.filter(({ id }) => this.#isFirst(id));
    for (const result of results) {
      if (result.seed === confirmationSeed(this.#config, result.updates)) await this.#confirm(result);
      else await this.#take(result);
    }
    return results;
  }

  /** The updates of checkpoints that reached the goal since the last call, for which fresh episodes are to be asked. */
  takeCandidates(): number[] {
    const fresh = this.#fresh.filter((updates) => this.#candidates.has(updates));
    this.#fresh = [];
    return fresh;
  }

  /** No (fresh) episodes will be played on a checkpoint. */
  async dismiss(updates: number): Promise<void> {
    this.#candidates.delete(updates);
    await this.#checkpoints.release(updates);
  }

  /** Whether a result of this id comes for the first time; it is no longer awaited. */
  #isFirst(id: string): boolean {
    this.#awaited.delete(id);
    if (this.#taken.has(id)) return false;
    this.#taken.add(id);
    for (const oldest of this.#taken) {
      if (this.#taken.size <= REMEMBERED) break;
      this.#taken.delete(oldest);
    }
    return true;
  }

  async #take(result: EvaluationResult): Promise<void> {
    this.#last = result;
    // What the run ends with stays, and so does what an earlier start made of the same result.
    const isOpen = !this.#solved && result.id !== this.#best?.id;
    if (isOpen && (this.#best === null || result.mean >= this.#best.mean)) await this.#keep(result);
    // Its checkpoint is kept until fresh episodes are played on it.
    if (isOpen && this.#reachesGoal(result)) this.#nominate(result);
    else await this.#checkpoints.release(result.updates);
    this.#listener.onEvaluation?.(result);
  }

  async #confirm(confirmation: EvaluationResult): Promise<void> {
    const { updates } = confirmation;
    const evaluation = this.#candidates.get(updates);
    if (evaluation === undefined || this.#solved) return;
    this.#candidates.delete(updates);
    if (this.#reachesGoal(confirmation)) {
      // Even where another's mean is higher: this return is known to be no luck.
      this.#solved = await this.#keep({ ...evaluation, confirmation });
    } else {
      this.#listener.onUnconfirmed?.(evaluation, confirmation);
      if (this.#best?.updates === updates) {
        const returns = [...evaluation.returns, ...confirmation.returns];
        const info = meanInfo(
          [evaluation, confirmation].flatMap((each) => each.returns.map(() => each.info)),
        );
        await this.#keep({
          ...{ ...evaluation, returns, ...meanAndStd(returns), confirmation },
          ...(info === undefined ? {} : { info }),
        });
      }
    }
    await this.#checkpoints.release(updates);
  }

  #nominate(evaluation: EvaluationResult): void {
    this.#candidates.set(evaluation.updates, evaluation);
    this.#fresh.push(evaluation.updates);
  }

  /** Whether its checkpoint is there. */
  async #keep(best: BestEvaluation): Promise<boolean> {
    const kept = await this.#checkpoints.keepBest(best);
    if (kept) this.#best = best;
    return kept;
  }

  #reachesGoal({ mean }: EvaluationResult): boolean {
    const { solvedReturn } = this.#config.stop;
    return solvedReturn !== null && mean >= solvedReturn;
  }
}
