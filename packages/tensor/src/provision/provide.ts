import { slowRuntimeNote } from '../load.ts';
import { hasNvidiaGpu } from './gpu.ts';

/**
 * Brings a TensorFlow where there is none yet and none was asked to be left out, which takes a minute or so and some hundred megabytes.
 * Without one training goes on, on WebAssembly.
 *
 * @param say told what happens, a line each.
 */
export async function provideTensor(say: (line: string) => void): Promise<void> {
  if (slowRuntimeNote() === null) return;
  const { provision } = await import('./provision.ts');
  const kind = process.env['QFLEET_TENSOR'] !== 'cpu' && hasNvidiaGpu() ? 'gpu' : 'cpu';
  say('TensorFlow is brought once, for all runs on this machine: a few hundred megabytes.');
  try {
    await provision(kind, { log: (line) => say(`TensorFlow: ${line}`) });
  } catch (error) {
    say(`TensorFlow: ${(error as Error).message}. Training runs on WebAssembly, which is slower.`);
  }
}
