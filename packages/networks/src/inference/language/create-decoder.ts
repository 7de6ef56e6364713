import type { NamedTensors } from '@qfleet/tensor';
import type { TransformerShape } from '../../language/transformer-shape.ts';
import { MOST_BYTES } from './block-pool.ts';
import type { Decoder, TokenHead } from './decoder.ts';
import { DecoderKernel } from './decoder-kernel.ts';
import { layOutDecoder } from './decoder-layout.ts';
import { workerThreads } from './worker-threads.ts';

/**
 * A decoder for a process that has the machine for itself. It is libtensorflow's where `QFLEET_TENSOR` asks for a GPU, or where
 * WebAssembly has no room for the model; else our own kernel on all cores, which is faster on a CPU at every size
 * (docs/performance.md).
 *
 * @param tensors those of `languageNetwork(shape)` and of the heads.
 * @param slots texts that it remembers at once.
 * @throws Error where that runtime can't run here.
 */
export async function createDecoder(
  shape: TransformerShape,
  tensors: NamedTensors,
  slots: number,
  heads: readonly TokenHead[] = [],
): Promise<Decoder> {
  const onGpu = process.env['QFLEET_TENSOR'] === 'gpu';
  const threads = workerThreads();
  const layers = heads.map((head) => head.layers(tensors));
  if (!onGpu && layOutDecoder({ shape, slots, threads: threads.count, heads: layers }).bytes < MOST_BYTES)
    return new DecoderKernel(shape, tensors, slots, heads, threads);
  // In float32, not in a GPU's own shorter numbers.
  if (onGpu) process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  const [{ loadTensor }, { DecoderGraph }] = await Promise.all([
    import('@qfleet/tensor'),
    import('./decoder-graph.ts'),
  ]);
  const runtime = await loadTensor({ force: onGpu ? 'gpu' : 'cpu', parallelism: 'cores' });
  return new DecoderGraph(runtime, shape, tensors, slots, heads);
}
