import type { Network } from '../network.ts';
import { DenseNetwork } from './dense-network.ts';
import type { Inference, ValuesOf } from './inference.ts';

/**
 * Layers that our kernels have run on them, without tfjs; every other network is loaded with tfjs.
 *
 * @param explores whether a noisy network's weights have noise, or else are their means. Default: their means.
 */
export async function createInference(
  network: Network,
  valuesOf: ValuesOf,
  explores = false,
): Promise<Inference> {
  if (network.layers !== null) return new DenseNetwork(network, network.layers, explores);
  const { createCompiledNetwork } = await import('./compiled-network.ts');
  return createCompiledNetwork(network, valuesOf, explores);
}
