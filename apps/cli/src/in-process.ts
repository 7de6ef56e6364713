import type { Policy, Weights, WeightsChannel } from '@qfleet/agents';
import type { EnvironmentDefinition } from '@qfleet/envs';
import { playGreedyEpisodes } from '@qfleet/rollout';
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

  async newerThan(version: number): Promise<Weights | null> {
    return this.#weights && this.#weights.version > version ? this.#weights : null;
  }
}

/** Evaluations at once, in the learner's own process. */
export class InProcessEvaluations implements Evaluations {
  readonly #definition: EnvironmentDefinition;
  readonly #policy: Policy;
  readonly #frameStack: number;
  #results: EvaluationResult[] = [];

  /** @param policy of its own: its parameters are replaced. */
  constructor(definition: EnvironmentDefinition, policy: Policy, frameStack: number) {
    this.#definition = definition;
    this.#policy = policy;
    this.#frameStack = frameStack;
  }

  async request({ updates, parameters, episodes, seed }: EvaluationRequest): Promise<void> {
    const began = performance.now();
    this.#policy.load(parameters);
    const { returns } = await playGreedyEpisodes({
      definition: this.#definition,
      policy: this.#policy,
      frameStack: this.#frameStack,
      episodes,
      seed,
    });
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
