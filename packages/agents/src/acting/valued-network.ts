import type { DqnConfig, PqnConfig } from '@qfleet/config';
import { createNetwork, type Network, type ValuesOf } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import { createValuing } from '../objectives/create-objective.ts';

/** A configuration's network, and how Q(s, ·) follows from what it gives. */
export interface ValuedNetwork {
  readonly network: Network;
  readonly valuesOf: ValuesOf;
}

/**
 * The network by which a configured agent acts.
 *
 * @throws Error when the states do not suit it.
 */
export function valuedNetwork(config: DqnConfig | PqnConfig, spec: StateSpec): ValuedNetwork {
  const objective = createValuing(config);
  return {
    network: createNetwork(config.network, spec, objective.head),
    valuesOf: (tf, out) => objective.values(tf, out),
  };
}
