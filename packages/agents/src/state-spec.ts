import { type Layout, MASK } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';

/** What a network sees where a state is `frames` observations of `layout`. */
export function stateSpecOf(layout: Layout, frames = 1): StateSpec {
  const { observationShape, observationDType, observationCount, observationParts, actions, columns } = layout;
  return {
    shape: observationShape,
    dtype: observationDType,
    ...(observationCount === undefined ? {} : { count: observationCount }),
    ...(observationParts === undefined ? {} : { parts: observationParts }),
    frames,
    actions,
    ...(columns?.some(({ name }) => name === MASK) ? { masked: true } : {}),
  };
}
