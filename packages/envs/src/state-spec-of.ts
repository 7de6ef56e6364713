import { type Box, observationDType, observationShape, type StateSpec } from '@qfleet/spaces';
import type { EnvironmentDefinition } from './environment.ts';

/**
 * What a network sees of an environment's states.
 *
 * @param frames observations that are stacked in a state. Default: 1.
 */
export function stateSpecOf(
  { observationSpace: space, actionSpace, masked }: EnvironmentDefinition,
  frames = 1,
): StateSpec {
  return {
    shape: observationShape(space),
    dtype: observationDType(space),
    ...(space.kind === 'discrete' ? { count: space.n } : bytesBelow(space)),
    ...(space.kind === 'box' && space.parts ? { parts: space.parts } : {}),
    frames,
    actions: actionSpace.n,
    ...(masked ? { masked } : {}),
  };
}

/** The bound of bytes that do not go to 255: networks scale by it. */
function bytesBelow({ dtype, high }: Box): { high?: number } {
  const most = typeof high === 'number' ? high : Math.max(...high);
  return dtype === 'uint8' && most < 255 ? { high: most } : {};
}
