import type { AgentConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { Agent } from './agent.ts';
import { agentParameters } from './parameters.ts';
import { TabularAgent } from './tabular/agent.ts';

/**
 * The learner's side of a configured agent, with fresh parameters.
 *
 * @param seed of the run: start values and the stochastic target update follow from it.
 * @param totalUpdates the run's planned updates, over which the learning rate falls; null: it stays.
 * @param isRepeatable whether its updates have the same bits on any number of cores, of which it uses two at most.
 *   Default: it uses all that are worth it.
 * @param eager whether updates run op by op where they could be one native call, for comparisons. Default: false.
 * @throws ConfigError when the agent can't take such states the agent.
 */
export async function createAgent(given: {
  config: AgentConfig;
  spec: StateSpec;
  seed: number;
  totalUpdates: number | null;
  isRepeatable?: boolean;
  eager?: boolean;
}): Promise<Agent> {
  const { config, spec, seed, totalUpdates, isRepeatable = false, eager = false } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  if (config.kind === 'tabular') return new TabularAgent(config, spec);
  // Loaded only here: it brings TensorFlow.
  const { createValueAgent } = await import('./value/agent.ts');
  return createValueAgent({
    config,
    spec,
    seed,
    totalUpdates,
    isRepeatable,
    eager,
  });
}
