import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { mendGradients } from './gradients/gradients.ts';
import type { Runtime, TensorFlow } from './runtime.ts';

const require = createRequire(import.meta.url);

/** tfjs-core registers no gradients itself; the union package does, at 0.4 s that only what trains must spend. */
export function loadGradients(): void {
  require('@tensorflow/tfjs');
  mendGradients(require('@tensorflow/tfjs-core') as TensorFlow);
}

/** Loads the WASM backend: ready within a second, in little memory, no libtensorflow, no gradients. What actors run on. */
export async function loadWasm(notes: readonly string[] = []): Promise<Runtime> {
  const tf = require('@tensorflow/tfjs-core') as TensorFlow;
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  const entry = require.resolve('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(entry)}/`);
  // One thread: a fleet's actors share the cores among themselves.
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend of tfjs did not start');
  return { kind: 'wasm', tf, version: `tfjs-backend-wasm ${wasm.version_wasm}`, binding: null, notes };
}
