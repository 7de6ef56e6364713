import { findStockBinding } from '../stock.ts';
import { hasNvidiaGpu } from './gpu.ts';
import { provision } from './provision.ts';

// Called by set-up. Whatever goes wrong here must not stop it: everything runs on WASM too, only slower.
const forced = process.env['QFLEET_TENSOR'];
const kind = forced === 'gpu' || (forced !== 'cpu' && hasNvidiaGpu()) ? 'gpu' : 'cpu';
if (forced !== 'wasm' && findStockBinding(kind) === null) {
  try {
    await provision(kind, { log: (line) => console.error(`TensorFlow: ${line}`) });
  } catch (error) {
    console.error(`TensorFlow: ${(error as Error).message}. Training runs on WASM, which is slower.`);
  }
}
