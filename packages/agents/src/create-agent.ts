import type { PqnConfig, ReplayAgentConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { Agent, RoundAgent } from './agent.ts';
import { agentParameters } from './parameters.ts';
import { TabularAgent } from './tabular/agent.ts';
import type { LegalTokens } from './token-q/dialogue-steps.ts';

/** What a learner's side of a configured agent is made from. */
interface Given<Config> {
  readonly config: Config;
  readonly spec: StateSpec;
  readonly seed: number;
  readonly totalUpdates: number | null;
  readonly isRepeatable?: boolean;
  readonly eager?: boolean;
  readonly legal?: LegalTokens | undefined;
}

/**
 * The learner's side of a configured agent that learns from a replay, with fresh parameters.
 *
 * @param seed of the run: start values and the stochastic target update follow from it.
 * @param totalUpdates the run's planned updates, over which the learning rate falls; null: it stays.
 * @param isRepeatable whether its updates have the same bits on any number of cores, of which it uses two at most.
 *   Default: it uses all that are worth it.
 * @param eager whether updates run op by op where they could be one native call, for comparisons. Default: false.
 * @param legal of an agent that speaks: which tokens may come next; absent: all may.
 * @throws ConfigError when the agent can't take such states the agent.
 */
export async function createAgent(given: Given<ReplayAgentConfig>): Promise<Agent> {
  const { config, spec, seed, totalUpdates, isRepeatable = false, eager = false, legal } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  if (config.kind === 'tabular') return new TabularAgent(config, spec);
  // Loaded only here: they bring TensorFlow.
  if (config.kind === 'token-q') {
    const { createTokenQAgent } = await import('./token-q/agent.ts');
    return createTokenQAgent({ config, spec, seed, totalUpdates, isRepeatable, eager, legal });
  }
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

/**
 * The learner's side of a configured agent that learns from rounds, with fresh parameters, as of `createAgent`.
 *
 * @throws ConfigError when the agent can't take such states.
 */
export async function createRoundAgent(given: Given<PqnConfig>): Promise<RoundAgent> {
  agentParameters(given);
  const { createPqnAgent } = await import('./pqn/agent.ts');
  return createPqnAgent(given);
}
