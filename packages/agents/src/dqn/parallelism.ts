import type { DqnConfig } from '@qfleet/config';
import { multiplyAdds, parameterSpecs, type Signature } from '@qfleet/networks';
import type { Parallelism } from '@qfleet/tensor';

/**
 * How the step of a network is spread over cores: by the multiply-adds of a batch's forward pass, and so the same on
 * every machine, as a run that is to be repeated to the bit needs it. The limits lie between the sizes that
 * packages/tensor/README.md lists.
 */
export function parallelismOf({ network, batchSize }: DqnConfig, signature: Signature): Parallelism {
  const work = batchSize * multiplyAdds(parameterSpecs(network, signature));
  if (work < 2e6) return 'caller';
  return work < 4e7 ? 'ops' : 'cores';
}
