import type { Weights } from '@qfleet/agents';
import { decodeTensors, type FloatDtype, type NamedTensors, TensorEncoding } from '@qfleet/tensor';
import { FleetError } from '../errors.ts';

/** The numbers that weights are published as, by how the configuration names them. */
const DTYPES = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const satisfies Record<
  string,
  FloatDtype
>;

/** How the configuration names the numbers that weights are published as. */
export type WeightsDtype = keyof typeof DTYPES;

/** The largest number of float16. */
const LARGEST_HALF = 65_504;

/**
 * Safetensors bytes of these weights, labelled with run, version and updates.
 *
 * @throws FleetError where a number is too large for the dtype.
 */
export function encodeWeights(
  run: string,
  { tensors, version, updates }: Weights,
  dtype: WeightsDtype = 'float32',
): TensorEncoding {
  if (dtype === 'float16') checkHalves(tensors);
  const labels = { run, version: String(version), updates: String(updates) };
  return new TensorEncoding(tensors, labels, DTYPES[dtype]);
}

function checkHalves(tensors: NamedTensors): void {
  for (const [name, { data }] of tensors) {
    const large = data.find((value) => Math.abs(value) > LARGEST_HALF);
    if (large === undefined) continue;
    throw new FleetError(
      `The weights ${name} have ${large}, which float16 does not hold: set learner.publishAs to bfloat16 or float32.`,
    );
  }
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
