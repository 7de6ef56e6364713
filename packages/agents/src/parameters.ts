import { type AgentConfig, ConfigError } from '@qfleet/config';
import { checkParameters, createNetwork, type ParameterSpec } from '@qfleet/networks';
import type { ColumnSpec, StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { createValuing } from './objectives/create-objective.ts';
import { tableShape } from './tabular/table.ts';
import { tokenNetwork } from './token-q/network.ts';

/** What an agent's parameters follow from. */
export interface AgentSetting {
  readonly config: AgentConfig;
  readonly spec: StateSpec;
}

/**
 * Names and shapes of what an agent's policies are made of.
 *
 * @throws ConfigError where the agent can't take the observations, with what it takes and what to set.
 */
export function agentParameters({ config, spec }: AgentSetting): Pick<ParameterSpec, 'name' | 'shape'>[] {
  try {
    if (config.kind === 'token-q') return [...tokenNetwork(config, spec).parameters];
    if (spec.tokens !== undefined) throw new Error(silent(config.kind));
    if (config.kind === 'tabular') return [{ name: 'q', shape: tableShape(spec) }];
    const { head } = createValuing(config);
    return [...createNetwork(config.network, spec, head).parameters];
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
}

/** What is wrong with an agent of actions where states are texts. */
const silent = (kind: string): string =>
  `agent.kind is ${kind}, which does not speak, as the environment does: set agent.kind=token-q.`;

/**
 * What an agent's policies remember from step to step, in the columns of chunks.
 *
 * @throws ConfigError as `agentParameters` does.
 */
export function agentMemory({ config, spec }: AgentSetting): readonly ColumnSpec[] {
  if (config.kind === 'tabular' || config.kind === 'token-q') return [];
  if (config.network.core.kind === 'none') return [];
  try {
    return createNetwork(config.network, spec, createValuing(config).head).memory;
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
}

/**
 * Checks that parameters are those of an agent.
 *
 * @throws ConfigError as `agentParameters` does; Error naming the first parameter that does not fit.
 */
export function checkAgentParameters(setting: AgentSetting, parameters: NamedTensors): void {
  checkParameters(agentParameters(setting), parameters);
}
