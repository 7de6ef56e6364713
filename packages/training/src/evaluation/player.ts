import { createPolicy, type Policy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/env-host';
import type { EnvironmentDefinition } from '@qfleet/envs';
import { errorPolicy, type GreedyEpisodesOptions, layoutOf, playGreedyEpisodes } from '@qfleet/rollout';
import type { EvaluationRequest } from './request.ts';
import { type EvaluationResult, meanAndStd } from './result.ts';

/** What may end an evaluation early, and who is told; as of `playGreedyEpisodes`. */
export type EvaluationLimits = Pick<GreedyEpisodesOptions, 'cancelled' | 'warn' | 'patience'>;

/** Seconds in which an episode has to end once a run's own seconds are used up, where nothing limits it. */
export const PATIENCE_SECONDS = 5;

/** Plays what a run's evaluations ask for, in this process: the same parameters and seed give the same returns. */
export class EvaluationPlayer {
  readonly #config: RunConfig;
  readonly #definition: EnvironmentDefinition;
  readonly #policy: Policy;

  private constructor(config: RunConfig, definition: EnvironmentDefinition, policy: Policy) {
    this.#config = config;
    this.#definition = definition;
    this.#policy = policy;
  }

  /** @throws EnvironmentDefinitionError, and what `createPolicy` refuses. */
  static async create(config: RunConfig): Promise<EvaluationPlayer> {
    const definition = await resolveEnvironment(config.environment);
    const { frameStack } = config.environment;
    const policy = await createPolicy({ config: config.agent, layout: layoutOf(definition), frameStack });
    return new EvaluationPlayer(config, definition, policy);
  }

  /**
   * Plays one request at a time.
   * @returns null where it was cancelled.
   * @throws EnvironmentError
   */
  async play(request: EvaluationRequest, limits: EvaluationLimits = {}): Promise<EvaluationResult | null> {
    const { id, updates, parameters, episodes, seed } = request;
    const began = performance.now();
    this.#policy.load(parameters);
    const { returns, cutShort } = await playGreedyEpisodes({
      definition: this.#definition,
      policy: this.#policy,
      frameStack: this.#config.environment.frameStack,
      ...{ episodes, seed },
      ...errorPolicy(this.#config),
      ...limits,
    });
    if (returns.length < episodes) return null;
    const seconds = (performance.now() - began) / 1000;
    return {
      ...{ id, updates, seed, returns, ...meanAndStd(returns), seconds },
      ...(cutShort > 0 ? { cutShort } : {}),
    };
  }
}
