import type { AgentConfig } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import { createSelector, type SelectorConfig } from './acting/create-selector.ts';
import { networkInference } from './acting/network-inference.ts';
import { ValuePolicy } from './acting/value-policy.ts';
import type { Policy } from './agent.ts';
import { agentParameters } from './parameters.ts';
import { stateSpecOf } from './state-spec.ts';
import { TableInference } from './tabular/inference.ts';

/**
 * The actor's side of a configured agent: chooses actions, an MLP without TensorFlow. It has no parameters until
 * `load`.
 *
 * @param frameStack observations that make a state, stacked on a new leading axis. Default 1.
 * @param selector how values become actions. Default: ε-greedy, with which ε = 0 is greedy.
 * @throws ConfigError when the layout does not suit the agent.
 */
export async function createPolicy(given: {
  config: AgentConfig;
  layout: Layout;
  frameStack?: number;
  selector?: SelectorConfig;
}): Promise<Policy> {
  const { config, layout, frameStack, selector = { kind: 'epsilon-greedy' } } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  const inference =
    config.kind === 'tabular'
      ? new TableInference(config, layout)
      : await networkInference(config, stateSpecOf(layout, frameStack));
  return new ValuePolicy(inference, layout.actions, createSelector(selector));
}
