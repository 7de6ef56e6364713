import type { Weights, WeightsChannel } from '@qfleet/agents';
import { type GreedyEpisodesOptions, playGreedyEpisodes } from '@qfleet/rollout';
import {
  type EvaluationRequest,
  type EvaluationResult,
  type Evaluations,
  meanAndStd,
} from '@qfleet/training';

/** Weights for an actor in the learner's own process. */
export class InProcessWeightsChannel implements WeightsChannel {
  #weights: Weights | null = null;

  async publish(weights: Weights): Promise<void> {
    this.#weights = weights;
  }

  mayPublish(): boolean {
    return true;
  }

  async version(): Promise<number> {
    return this.#weights?.version ?? 0;
  }

  /** The newest weights, or null where there are none newer than `version`. */
  async newerThan(version: number): Promise<Weights | null> {
    return this.#weights && this.#weights.version > version ? this.#weights : null;
  }
}

/** Options of `playGreedyEpisodes`. The policy is used for nothing else, since its parameters are replaced. */
type PlayOptions = Omit<GreedyEpisodesOptions, 'episodes' | 'seed'>;

/** Evaluations at once, in the learner's own process. One that is cancelled has no result. */
export class InProcessEvaluations implements Evaluations {
  readonly #options: PlayOptions;
  #results: EvaluationResult[] = [];

  constructor(options: PlayOptions) {
    this.#options = options;
  }

  async request({ updates, parameters, episodes, seed }: EvaluationRequest): Promise<void> {
    const began = performance.now();
    this.#options.policy.load(parameters);
    const { returns } = await playGreedyEpisodes({ ...this.#options, episodes, seed });
    if (returns.length < episodes) return;
    this.#results.push({
      updates,
      seed,
      returns,
      ...meanAndStd(returns),
      seconds: (performance.now() - began) / 1000,
    });
  }

  takeAbandoned(): number[] {
    return [];
  }

  async results(): Promise<EvaluationResult[]> {
    const results = this.#results;
    this.#results = [];
    return results;
  }
}
