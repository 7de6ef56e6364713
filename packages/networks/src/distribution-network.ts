import type { NetworkConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import { createNetwork } from './create-network.ts';
import type { HeadFactory } from './heads/head.ts';
import type { Network } from './network.ts';

/**
 * A network of the same parameters, whose values are not Q(s, ·) but all numbers of the actions' distributions: `actions`
 * of its spec are the network's times `perAction`.
 *
 * @param factory a head with a distribution: atoms or quantiles.
 * @param perAction how many numbers it gives for an action.
 */
export function distributionNetwork(
  config: NetworkConfig,
  spec: StateSpec,
  factory: HeadFactory,
  perAction: number,
): Network {
  const whole: HeadFactory = (options) => {
    const { parameters, forward, distribution } = factory(options);
    return { parameters, forward, ...(distribution ? { layers: distribution } : {}) };
  };
  const network = createNetwork(
    config,
    spec,
    Object.assign(whole, { ownsHidden: factory.ownsHidden === true }),
  );
  return { ...network, spec: { ...spec, actions: spec.actions * perAction } };
}
