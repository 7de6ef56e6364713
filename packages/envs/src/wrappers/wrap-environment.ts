import type { EnvironmentDefinition } from '../environment.ts';
import { repeatActions } from './action-repeat.ts';
import { limitSteps } from './step-limit.ts';
import { stickActions } from './sticky-actions.ts';

/** Wrappers around an environment, as a run's configuration has them; what is left out changes nothing. */
export interface EnvironmentWrappers {
  /** Inner steps after which an episode is truncated. Default: null, the environment's own limit. */
  readonly maxEpisodeSteps?: number | null | undefined;
  /** How often an action is taken in a row. Default: 1. */
  readonly actionRepeat?: number | undefined;
  /** The chance that the last action is executed in place of the chosen one, in each inner step. Default: 0. */
  readonly stickyActions?: number | undefined;
}

/**
 * The environment with its wrappers: the time limit and sticky actions within, action repeat around them, as in the Arcade
 * Learning Environment.
 */
export function wrapEnvironment(
  definition: EnvironmentDefinition,
  { maxEpisodeSteps = null, actionRepeat = 1, stickyActions = 0 }: EnvironmentWrappers,
): EnvironmentDefinition {
  return repeatActions(stickActions(limitSteps(definition, maxEpisodeSteps), stickyActions), actionRepeat);
}
