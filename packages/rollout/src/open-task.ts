import { type AgentSetting, agentMemory } from '@qfleet/agents';
import { type EnvironmentDescription, resolveEnvironment } from '@qfleet/env-host';
import { type EnvironmentDefinition, stateSpecOf } from '@qfleet/envs';
import { type ColumnSpec, type Layout, maskColumn } from '@qfleet/replay';

/** What a run's environment is: how copies are made, and what a state of it is, for networks and for chunks. */
export interface Task {
  readonly definition: EnvironmentDefinition;
  readonly layout: Layout;
}

/**
 * The task of a run's configuration.
 * @throws EnvironmentDefinitionError where its environment can't be had; ConfigError where its agent can't take the states.
 */
export async function openTask({
  environment,
  agent,
}: {
  readonly environment: EnvironmentDescription & {
    readonly frameStack: number;
    readonly normalizeObservations: boolean;
  };
  readonly agent: AgentSetting['config'];
}): Promise<Task> {
  const definition = await resolveEnvironment(environment);
  const { frameStack, normalizeObservations } = environment;
  const normalized = normalizeObservations ? { normalized: true } : {};
  const memory = agentMemory({ config: agent, spec: { ...layoutOf(definition, frameStack), ...normalized } });
  return { definition, layout: { ...layoutOf(definition, frameStack, memory), ...normalized } };
}

/**
 * What an environment's states are, and what its chunks hold.
 *
 * @param frames observations that are stacked in a state. Default: 1.
 * @param memory columns of the policy's memory that chunks carry. Default: none.
 */
export function layoutOf(
  definition: EnvironmentDefinition,
  frames = 1,
  memory: readonly ColumnSpec[] = [],
): Layout {
  const { actionSpace, masked } = definition;
  const columns = [...(masked ? [maskColumn(actionSpace.n)] : []), ...memory];
  return { ...stateSpecOf(definition, frames), ...(columns.length > 0 ? { columns } : {}) };
}
