import type { DqnConfig, PqnConfig } from '@qfleet/config';
import { createInference, createNetwork, type Inference } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import { createValuing } from '../objectives/create-objective.ts';

/** A configuration's network for actors: Q(s, ·) is what the objective finds in what it gives. `explores` is that of `createPolicy`. */
export function networkInference(
  config: DqnConfig | PqnConfig,
  spec: StateSpec,
  objective = createValuing(config),
  explores = false,
): Promise<Inference> {
  const network = createNetwork(config.network, spec, objective.head);
  return createInference(network, (tf, out) => objective.values(tf, out), explores);
}
