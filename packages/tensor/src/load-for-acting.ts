import { loadedTensor, loadTensor } from './load.ts';
import { loadWasm } from './load-wasm.ts';
import type { Runtime } from './runtime.ts';

/**
 * The runtime that this process has loaded to train on; else libtensorflow on the CPU where it is provisioned (a third
 * to a half of WASM's time, docs/performance.md). It is never a GPU, which is the learner's. The choice depends on what
 * is installed and not on the clock, so a run stays the same on a machine.
 */
export async function loadForActing(): Promise<Runtime> {
  const loaded = loadedTensor();
  if (loaded !== null) return loaded;
  if (process.env['QFLEET_TENSOR'] === 'wasm') return loadWasm();
  // A process that only plays takes no cores but its own.
  return loadTensor({ force: 'cpu', parallelism: 'caller' }).catch(() => loadWasm());
}
