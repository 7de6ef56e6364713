import { type EnvironmentDefinition, observationDType, observationShape } from '@qfleet/envs';
import { type ColumnSpec, type Layout, maskColumn } from '@qfleet/replay';

/**
 * The layout of the chunks that an environment's transitions make.
 *
 * @param memory columns of the policy's memory that chunks carry. Default: none.
 */
export function layoutOf(definition: EnvironmentDefinition, memory: readonly ColumnSpec[] = []): Layout {
  const columns = [...(definition.masked ? [maskColumn(definition.actionSpace.n)] : []), ...memory];
  const space = definition.observationSpace;
  return {
    observationShape: observationShape(space),
    observationDType: observationDType(space),
    ...(space.kind === 'discrete' ? { observationCount: space.n } : {}),
    ...(space.kind === 'box' && space.parts ? { observationParts: space.parts } : {}),
    actions: definition.actionSpace.n,
    ...(columns.length > 0 ? { columns } : {}),
  };
}
