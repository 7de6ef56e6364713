import type { AgentConfig, DqnConfig, PqnConfig } from '@qfleet/config';
import { createNetwork, type Inference } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import { createSelector, type SelectorConfig } from './acting/create-selector.ts';
import { networkInference } from './acting/network-inference.ts';
import { ValuePolicy } from './acting/value-policy.ts';
import type { Policy } from './agent.ts';
import { createValuing } from './objectives/create-objective.ts';
import { agentParameters } from './parameters.ts';
import { TableInference } from './tabular/inference.ts';

type NetworkAgentConfig = DqnConfig | PqnConfig;

/**
 * The actor's side of a configured agent: chooses actions, an MLP without TensorFlow. It has no parameters until
 * `load`.
 *
 * @param selector how values become actions. Default: ε-greedy, with which ε = 0 is greedy.
 * @param explores whether a noisy network plays with noise in its weights, drawn anew for each call of `act`, or with their
 *   means. Default: their means.
 * @param helped rows of a call at most, of which another thread values half where that pays: Q(s, ·) has the same bits.
 *   Default: no thread helps.
 * @throws ConfigError when the agent can't take such states the agent.
 */
export async function createPolicy(given: {
  config: AgentConfig;
  spec: StateSpec;
  selector?: SelectorConfig;
  explores?: boolean;
  helped?: number;
}): Promise<Policy> {
  const { config, spec, selector = { kind: 'epsilon-greedy' }, explores = false, helped } = given;
  // Says what is wrong before anything is made.
  agentParameters(given);
  const inference =
    config.kind === 'tabular'
      ? new TableInference(config, spec)
      : ((helped === undefined ? null : await helpedInference(config, spec, helped)) ??
        (await networkInference(config, spec, undefined, explores)));
  return new ValuePolicy(inference, spec.actions, createSelector(selector));
}

/** The inference of a network on our kernels, without noise, whose rows are independent: another thread helps it. */
async function helpedInference(
  config: NetworkAgentConfig,
  spec: StateSpec,
  rows: number,
): Promise<Inference | null> {
  const { network } = config;
  if (network.noisy !== null || createNetwork(network, spec, createValuing(config).head).layers === null)
    return null;
  // Loaded only here: threads are Node's.
  const { helped } = await import('./acting/helper/helped-inference.ts');
  return helped(await networkInference(config, spec), { config, spec }, rows);
}
