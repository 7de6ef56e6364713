import type { Weights } from '@qfleet/agents';
import { decodeTensors, TensorEncoding } from '@qfleet/tensor';
import { FleetError } from '../errors.ts';

/** Safetensors bytes of these weights, labelled with run, version and updates. */
export function encodeWeights(run: string, { tensors, version, updates }: Weights): TensorEncoding {
  return new TensorEncoding(tensors, { run, version: String(version), updates: String(updates) });
}

/**
 * The weights in bytes that `encodeWeights` made.
 * @throws Error for bytes that are not whole, and FleetError for weights of another run.
 */
export function decodeWeights(run: string, blob: Uint8Array): Weights {
  const { tensors, metadata } = decodeTensors(blob);
  if (metadata['run'] !== run) throw new FleetError(`they belong to run ${String(metadata['run'])}`);
  const [version, updates] = [Number(metadata['version']), Number(metadata['updates'])];
  if (!(Number.isSafeInteger(version) && version > 0 && Number.isSafeInteger(updates) && updates >= 0)) {
    throw new FleetError(`version ${metadata['version']} and updates ${metadata['updates']} are no counts`);
  }
  return { version, updates, tensors };
}
