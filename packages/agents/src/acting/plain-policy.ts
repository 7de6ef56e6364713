import { type AgentConfig, ConfigError } from '@qfleet/config';
import type { Inference } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import type { Policy } from '../agent.ts';
import { agentParameters } from '../parameters.ts';
import { TableInference } from '../tabular/inference.ts';
import { createSelector, type SelectorConfig } from './create-selector.ts';
import { networkInference } from './network-inference.ts';
import { ValuePolicy } from './value-policy.ts';

/** What a policy is made from. */
export interface PolicySetting {
  readonly config: AgentConfig;
  readonly spec: StateSpec;
  /** How values become actions. Default: ε-greedy, with which ε = 0 is greedy. */
  readonly selector?: SelectorConfig;
  /**
   * Whether a noisy network plays with noise in its weights, drawn anew for each call of `act`, or with their means.
   * Default: their means.
   */
  readonly explores?: boolean;
}

/**
 * The actor's side of a configured agent, on the caller's thread. It has no parameters until `load`.
 *
 * @param inference what values the states. Default: the configuration's own.
 * @throws ConfigError where the agent can't take such states.
 */
export async function plainPolicy(setting: PolicySetting, inference?: Inference): Promise<Policy> {
  const { config, spec, selector = { kind: 'epsilon-greedy' }, explores = false } = setting;
  // Says what is wrong before anything is made.
  agentParameters(setting);
  if (config.kind === 'token-q') throw new ConfigError([NO_ACTIONS]);
  const values =
    inference ??
    (config.kind === 'tabular'
      ? new TableInference(config, spec)
      : await networkInference(config, spec, undefined, explores));
  return new ValuePolicy(values, spec.actions, createSelector(selector));
}

/** What is said where a policy is asked for of an agent whose actions are tokens. */
const NO_ACTIONS =
  'agent.kind is token-q, which speaks: it has no policy of numbered actions, as is asked for here.';
