import { encodeTensors } from '@qfleet/tensor';
import { describePolicy } from '../describe.ts';
import type { Trained } from '../trained.ts';

/** A policy's parameters, float32 by their names, in the safetensors format; the metadata entry `policy` is its description as JSON. */
export function encodeSafetensors(trained: Trained): Uint8Array {
  const description = describePolicy(trained);
  return encodeTensors(trained.checkpoint.parameters, {
    format: description.format,
    policy: JSON.stringify(description),
  });
}
