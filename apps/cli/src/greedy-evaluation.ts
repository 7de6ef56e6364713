import { createPolicy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { layoutOf, playGreedyEpisodes } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';
import { meanAndStd } from '@qfleet/training';

/** Greedy episodes on one set of parameters. */
export interface Evaluation {
  /** Undiscounted, one an episode. */
  readonly returns: readonly number[];
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
}

/** The seed of episodes that no evaluation during training has played. */
export const heldOutSeed = (config: RunConfig): number => Random.seed(config.seed, 'final evaluation');

/** Plays greedy episodes in this process: the same parameters and seed give the same returns. */
export async function evaluateGreedily(
  config: RunConfig,
  parameters: NamedTensors,
  episodes: number,
  seed: number,
): Promise<Evaluation> {
  const definition = await resolveEnvironment(config.environment);
  const { frameStack } = config.environment;
  const policy = await createPolicy({ config: config.agent, layout: layoutOf(definition), frameStack });
  policy.load(parameters);
  const { returns } = await playGreedyEpisodes({ definition, policy, frameStack, episodes, seed });
  return { returns, ...meanAndStd(returns) };
}
