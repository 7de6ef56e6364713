import { multiplyAdds, type Network } from '@qfleet/networks';
import type { Parallelism } from '@qfleet/tensor';

/** Multiply-adds of a batch's forward pass; limits between the sizes that docs/performance.md lists. */
const SMALL = 5e6;
const LARGE = 4e7;

/**
 * How the step of a network is spread over cores: by the work in it.
 * @param isRepeatable the same bits whatever the number of cores, at the price of all but two of them.
 */
export function parallelismOf(network: Network, batchSize: number, isRepeatable = false): Parallelism {
  const work = batchSize * multiplyAdds(network.parameters);
  if (work < SMALL) return 'caller';
  if (work < LARGE) return 'ops';
  return isRepeatable ? 'pair' : 'cores';
}
