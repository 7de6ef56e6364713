import type { AgentConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import { createSelector, type SelectorConfig } from './acting/create-selector.ts';
import { networkInference } from './acting/network-inference.ts';
import { ValuePolicy } from './acting/value-policy.ts';
import type { Policy } from './agent.ts';
import { agentParameters } from './parameters.ts';
import { TableInference } from './tabular/inference.ts';

/**
 * The actor's side of a configured agent: chooses actions, an MLP without TensorFlow. It has no parameters until
 * `load`.
 *
 * @param selector how values become actions. Default: ε-greedy, with which ε = 0 is greedy.
 * @param explores whether a noisy network plays with noise in its weights, drawn anew for each call of `act`, or with their
 *   means. Default: their means.
 * @throws ConfigError when the agent can't take such states the agent.
 */
export async function createPolicy(given: {
  config: AgentConfig;
  spec: StateSpec;
  selector?: SelectorConfig;
  explores?: boolean;
}): Promise<Policy> {
  const { config, spec, selector = { kind: 'epsilon-greedy' }, explores = false } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  const inference =
    config.kind === 'tabular'
      ? new TableInference(config, spec)
      : await networkInference(config, spec, undefined, explores);
  return new ValuePolicy(inference, spec.actions, createSelector(selector));
}
