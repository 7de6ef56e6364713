import type { DqnConfig } from '@qfleet/config';
import { multiplyAdds, parameterSpecs, type Signature } from '@qfleet/networks';
import type { Parallelism } from '@qfleet/tensor';

/** Multiply-adds of a batch's forward pass. Between the sizes that packages/tensor/README.md lists. */
const SMALL = 2e6;
const LARGE = 4e7;

/**
 * How the step of a network is spread over cores: by the work in it, and for a small one by whether there are `cores`
 * to spare. Not by those of the machine, as a run that is to be repeated to the bit needs it: TensorFlow flushes
 * denormals to zero on its own threads and keeps them on the caller's.
 */
export function parallelismOf(
  { network, batchSize }: DqnConfig,
  signature: Signature,
  cores: number,
): Parallelism {
  const work = batchSize * multiplyAdds(parameterSpecs(network, signature));
  if (work < SMALL && cores < 2) return 'caller';
  return work < LARGE ? 'ops' : 'cores';
}
