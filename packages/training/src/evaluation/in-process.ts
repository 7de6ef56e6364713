import type { Evaluations } from './evaluations.ts';
import type { EvaluationLimits } from './play-episodes.ts';
import type { EvaluationPlayer } from './player.ts';
import type { EvaluationRequest } from './request.ts';
import type { EvaluationResult } from './result.ts';

/** Evaluations that are played at once, in the learner's own process. One that is cancelled has no result. */
export class InProcessEvaluations implements Evaluations {
  readonly #player: EvaluationPlayer;
  readonly #limits: () => EvaluationLimits;
  #results: EvaluationResult[] = [];

  /** @param limits as they are for an evaluation that begins. */
  constructor(player: EvaluationPlayer, limits: () => EvaluationLimits) {
    this.#player = player;
    this.#limits = limits;
  }

  async request(request: EvaluationRequest): Promise<void> {
    const result = await this.#player.play(request, this.#limits());
    if (result !== null) this.#results.push(result);
  }

  takeAbandoned(): [] {
    return [];
  }

  async results(): Promise<EvaluationResult[]> {
    const results = this.#results;
    this.#results = [];
    return results;
  }
}
