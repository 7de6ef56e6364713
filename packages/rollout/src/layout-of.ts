import { type EnvironmentDefinition, observationDType, observationShape } from '@qfleet/envs';
import { type Layout, maskColumn } from '@qfleet/replay';

/** The layout of the chunks that an environment's transitions make. */
export function layoutOf(definition: EnvironmentDefinition): Layout {
  const space = definition.observationSpace;
  return {
    observationShape: observationShape(space),
    observationDType: observationDType(space),
    ...(space.kind === 'discrete' ? { observationCount: space.n } : {}),
    ...(space.kind === 'box' && space.parts ? { observationParts: space.parts } : {}),
    actions: definition.actionSpace.n,
    ...(definition.masked ? { columns: [maskColumn(definition.actionSpace.n)] } : {}),
  };
}
