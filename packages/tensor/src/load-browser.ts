import type { Runtime } from './runtime.ts';

let file: string | null = null;
let loaded: Promise<Runtime> | null = null;

/**
 * Says where `tfjs-backend-wasm-simd.wasm` of @tensorflow/tfjs-backend-wasm lies, before anything needs it.
 *
 * @example
 * setWasmFile('/assets/tfjs-backend-wasm-simd.wasm');
 */
export function setWasmFile(url: string): void {
  file = url;
}

/** tfjs's WASM, loaded once, on one thread: what networks run on that our kernels do not compute. */
export function loadForActing(): Promise<Runtime> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Runtime> {
  // Most networks never need it.
  const [tf, wasm] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-backend-wasm'),
  ]);
  // More threads need headers that most servers do not send.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setThreadsCount(1);
  // tfjs wants each of its files named, and loads one.
  if (file !== null) {
    wasm.setWasmPaths({
      'tfjs-backend-wasm-simd.wasm': file,
      'tfjs-backend-wasm-threaded-simd.wasm': file,
      'tfjs-backend-wasm.wasm': file,
    });
  }
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend of tfjs did not start');
  return { kind: 'wasm', tf, version: `tfjs-backend-wasm ${wasm.version_wasm}`, binding: null, notes: [] };
}
