import { createPolicy } from '@qfleet/agents';
import { type RunConfig, speaks } from '@qfleet/config';
import { errorPolicy, openTask, playGreedyEpisodes } from '@qfleet/rollout';
import { dialoguesOf } from './dialogues.ts';
import type { EvaluationLimits, PlayEpisodes } from './play-episodes.ts';
import type { EvaluationRequest } from './request.ts';
import { type EvaluationResult, meanAndStd } from './result.ts';

/** Seconds in which an episode has to end once a run's own seconds are used up, where nothing limits it. */
export const PATIENCE_SECONDS = 5;

/** Plays what a run's evaluations ask for, in this process: the same parameters and seed give the same returns. */
export class EvaluationPlayer {
  readonly #play: PlayEpisodes;

  private constructor(play: PlayEpisodes) {
    this.#play = play;
  }

  /** @throws EnvironmentDefinitionError, and what `createPolicy` refuses. */
  static async create(config: RunConfig): Promise<EvaluationPlayer> {
    return new EvaluationPlayer(speaks(config) ? await dialoguesOf(config) : await greedyEpisodesOf(config));
  }

  /**
   * Plays one request at a time.
   * @returns null where it was cancelled.
   * @throws EnvironmentError
   */
  async play(request: EvaluationRequest, limits: EvaluationLimits = {}): Promise<EvaluationResult | null> {
    const { id, updates, episodes, seed } = request;
    const began = performance.now();
    const { returns, cutShort, info } = await this.#play(request, limits);
    if (returns.length < episodes) return null;
    const seconds = (performance.now() - began) / 1000;
    return {
      ...{ id, updates, seed, returns, ...meanAndStd(returns), seconds },
      ...(cutShort > 0 ? { cutShort } : {}),
      ...(info === undefined ? {} : { info }),
    };
  }
}

/** Episodes of a policy of actions. */
async function greedyEpisodesOf(config: RunConfig): Promise<PlayEpisodes> {
  const { definition, layout } = await openTask(config);
  const policy = await createPolicy({ config: config.agent, spec: layout });
  return ({ parameters, episodes, seed }, { decode: _, beta: __, ...limits }) => {
    policy.load(parameters);
    return playGreedyEpisodes({
      ...{ definition, policy, frames: layout.frames },
      ...{ episodes, seed, epsilon: config.evaluation.epsilon },
      ...errorPolicy(config),
      ...limits,
    });
  };
}
