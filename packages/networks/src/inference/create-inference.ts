import type { Network } from '../network.ts';
import { DenseNetwork } from './dense-network.ts';
import type { Inference, ValuesOf } from './inference.ts';
import { RecurrentNetwork } from './recurrent/recurrent-network.ts';

/**
 * Layers that our kernels have run on them, without tfjs, and so does a memory between them; every other network is loaded
 * with tfjs.
 *
 * @param explores whether a noisy network's weights have noise, or else are their means. Default: their means.
 */
export async function createInference(
  network: Network,
  valuesOf: ValuesOf,
  explores = false,
): Promise<Inference> {
  if (network.layers !== null) return new DenseNetwork(network, network.layers, explores);
  if (network.recurrent !== null) return new RecurrentNetwork(network, network.recurrent, explores);
  const { createCompiledNetwork } = await import('./compiled-network.ts');
  return createCompiledNetwork(network, valuesOf, explores);
}
