import type { AgentConfig } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import { createNetworkPolicy } from './acting/network-policy.ts';
import type { Policy } from './agent.ts';
import { agentParameters } from './parameters.ts';
import { stateSpecOf } from './state-spec.ts';
import { TabularPolicy } from './tabular/policy.ts';

/**
 * The actor's side of a configured agent: chooses actions, an MLP without TensorFlow. It has no parameters until
 * `load`.
 *
 * @param frameStack observations that make a state, stacked on a new leading axis. Default 1.
 * @throws ConfigError when the layout does not suit the agent.
 */
export async function createPolicy(given: {
  config: AgentConfig;
  layout: Layout;
  frameStack?: number;
}): Promise<Policy> {
  const { config, layout, frameStack } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  if (config.kind === 'tabular') return new TabularPolicy(config, layout);
  return createNetworkPolicy(config, stateSpecOf(layout, frameStack));
}
