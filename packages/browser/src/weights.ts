import { decodeTensors, type NamedTensors } from '@qfleet/tensor';

/** What the names of an agent's parameters begin with in a checkpoint. */
const PREFIX = 'parameters/';

/**
 * An agent's parameters from the bytes of a file: a checkpoint of a run, or parameters alone by their names.
 *
 * @throws Error with one sentence on what is cut short, flipped or foreign.
 * @example
 * const { readFileSync } = await import('node:fs'); // in a page: fetch
 * const weights = readWeights(readFileSync('runs/first/checkpoints/best.safetensors'));
 * [...weights.values()].every(({ data }) => data.length > 0); // → true
 */
export function readWeights(bytes: Uint8Array): NamedTensors {
  const { tensors } = decodeTensors(bytes);
  const parameters = Array.from(tensors)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, tensor]) => [name.slice(PREFIX.length), tensor] as const);
  return parameters.length > 0 ? new Map(parameters) : tensors;
}
