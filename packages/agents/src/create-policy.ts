import type { DqnConfig, PqnConfig } from '@qfleet/config';
import { createNetwork, type Inference } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import { networkInference } from './acting/network-inference.ts';
import { type PolicySetting, plainPolicy } from './acting/plain-policy.ts';
import type { Policy } from './agent.ts';
import { createValuing } from './objectives/create-objective.ts';
import { agentParameters } from './parameters.ts';

/**
 * The actor's side of a configured agent: chooses actions, an MLP without TensorFlow. It has no parameters until
 * `load`.
 *
 * @param helped rows of a call at most, of which another thread values half where that pays: Q(s, ·) has the same bits.
 *   Default: no thread helps.
 * @throws ConfigError where the agent can't take such states.
 */
export async function createPolicy(given: PolicySetting & { readonly helped?: number }): Promise<Policy> {
  const { config, spec, helped } = given;
  if (config.kind === 'tabular' || config.kind === 'token-q' || helped === undefined)
    return plainPolicy(given);
  // Says what is wrong before a thread is started.
  agentParameters(given);
  return plainPolicy(given, (await helpedInference(config, spec, helped)) ?? undefined);
}

/** The inference of a network on our kernels, without noise, whose rows are independent: another thread helps it. */
async function helpedInference(
  config: DqnConfig | PqnConfig,
  spec: StateSpec,
  rows: number,
): Promise<Inference | null> {
  const { network } = config;
  // What user code registers is registered on this thread alone.
  const isCustom = network.kind === 'custom' || (config.kind === 'dqn' && config.objective.kind === 'custom');
  if (
    isCustom ||
    network.noisy !== null ||
    createNetwork(network, spec, createValuing(config).head).layers === null
  )
    return null;
  // Loaded only here: threads are Node's.
  const { helped } = await import('./acting/helper/helped-inference.ts');
  return helped(await networkInference(config, spec), { config, spec }, rows);
}
