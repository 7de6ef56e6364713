import { createPolicy } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { errorPolicy, type GreedyEpisodesOptions, layoutOf, playGreedyEpisodes } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';
import { meanAndStd } from '@qfleet/training';

/** Greedy episodes on one set of parameters. */
export interface Evaluation {
  /** Undiscounted, one an episode. */
  readonly returns: readonly number[];
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
  /** Episodes that were cut short, where there are any. */
  readonly cutShort?: number;
}

/** Seconds in which an episode has to end once a run's own seconds are used up, where nothing limits it. */
export const PATIENCE_SECONDS = 5;

/** What may end an evaluation early, and who is told; as of `playGreedyEpisodes`. */
export type EvaluationLimits = Pick<GreedyEpisodesOptions, 'cancelled' | 'warn' | 'patience'>;

/** The seed of episodes that no evaluation during training has played. */
export const heldOutSeed = (config: RunConfig): number => Random.seed(config.seed, 'final evaluation');

/** " (3 of them cut short)", where there are any. */
export const cutShortNote = ({ cutShort }: { readonly cutShort?: number | undefined }): string =>
  cutShort === undefined ? '' : ` (${cutShort} of them cut short)`;

/** Plays greedy episodes in this process: the same parameters and seed give the same returns. */
export async function evaluateGreedily(
  config: RunConfig,
  parameters: NamedTensors,
  episodes: number,
  seed: number,
  limits: EvaluationLimits = {},
): Promise<Evaluation> {
  const definition = await resolveEnvironment(config.environment);
  const { frameStack } = config.environment;
  const policy = await createPolicy({ config: config.agent, layout: layoutOf(definition), frameStack });
  policy.load(parameters);
  const { returns, cutShort } = await playGreedyEpisodes({
    ...{ definition, policy, frameStack, episodes, seed },
    ...errorPolicy(config),
    ...limits,
  });
  return { returns, ...meanAndStd(returns), ...(cutShort > 0 ? { cutShort } : {}) };
}
