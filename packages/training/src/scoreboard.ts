import type { CheckpointFolder } from './checkpoint.ts';
import type { EvaluationResult, Evaluations } from './evaluations.ts';

/** What the evaluations of a run's checkpoints said: the last, the best, and how many are still to come. */
export class Scoreboard {
  readonly #evaluations: Evaluations;
  readonly #checkpoints: CheckpointFolder;
  readonly #onEvaluation: ((result: EvaluationResult) => void) | undefined;
  #pending = 0;
  #last: EvaluationResult | null = null;
  #best: EvaluationResult | null = null;

  constructor(
    evaluations: Evaluations,
    checkpoints: CheckpointFolder,
    onEvaluation?: (result: EvaluationResult) => void,
  ) {
    this.#evaluations = evaluations;
    this.#checkpoints = checkpoints;
    this.#onEvaluation = onEvaluation;
  }

  /** Evaluations that were asked for since this start and are not in yet. */
  get pending(): number {
    return this.#pending;
  }

  get last(): EvaluationResult | null {
    return this.#last;
  }

  /** Over all of the run's starts. */
  get best(): EvaluationResult | null {
    return this.#best;
  }

  /** Reads the best of the run's earlier starts. */
  async open(): Promise<void> {
    this.#best = await this.#checkpoints.best();
  }

  /** One more result is to come. */
  expect(): void {
    this.#pending++;
  }

  /** Takes in the results that came; keeps the best checkpoint. */
  async collect(): Promise<EvaluationResult[]> {
    const results = await this.#evaluations.results();
    for (const result of results) {
      this.#last = result;
      this.#pending = Math.max(0, this.#pending - 1);
      const best = this.#best === null || result.mean >= this.#best.mean;
      if (best) this.#best = result;
      await this.#checkpoints.evaluated(result, best);
      this.#onEvaluation?.(result);
    }
    return results;
  }
}
