import { createPolicy, type Policy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import {
  errorPolicy,
  type GreedyEpisodesOptions,
  openTask,
  playGreedyEpisodes,
  type Task,
} from '@qfleet/rollout';
import type { EvaluationRequest } from './request.ts';
import { type EvaluationResult, meanAndStd } from './result.ts';

/** What may end an evaluation early, and who is told; as of `playGreedyEpisodes`. */
export type EvaluationLimits = Pick<GreedyEpisodesOptions, 'cancelled' | 'warn' | 'patience'>;

/** Seconds in which an episode has to end once a run's own seconds are used up, where nothing limits it. */
export const PATIENCE_SECONDS = 5;

/** Plays what a run's evaluations ask for, in this process: the same parameters and seed give the same returns. */
export class EvaluationPlayer {
  readonly #config: RunConfig;
  readonly #task: Task;
  readonly #policy: Policy;

  private constructor(config: RunConfig, task: Task, policy: Policy) {
    this.#config = config;
    this.#task = task;
    this.#policy = policy;
  }

  /** @throws EnvironmentDefinitionError, and what `createPolicy` refuses. */
  static async create(config: RunConfig): Promise<EvaluationPlayer> {
    const task = await openTask(config);
    const policy = await createPolicy({ config: config.agent, spec: task.layout });
    return new EvaluationPlayer(config, task, policy);
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
    const { returns, cutShort, info } = await playGreedyEpisodes({
      definition: this.#task.definition,
      policy: this.#policy,
      frames: this.#task.layout.frames,
      ...{ episodes, seed, epsilon: this.#config.evaluation.epsilon },
      ...errorPolicy(this.#config),
      ...limits,
    });
    if (returns.length < episodes) return null;
    const seconds = (performance.now() - began) / 1000;
    return {
      ...{ id, updates, seed, returns, ...meanAndStd(returns), seconds },
      ...(cutShort > 0 ? { cutShort } : {}),
      ...(info === undefined ? {} : { info }),
    };
  }
}
