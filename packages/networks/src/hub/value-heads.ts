import { join } from 'node:path';
import { type NamedTensors, readSafetensors, type WrittenTensor, writeSafetensors } from '@qfleet/tensor';
import { ModelError } from '../language/model-error.ts';
import { exists } from './read-json.ts';

/** The file beside a model's weights that holds heads which value tokens. */
export const VALUE_HEADS = 'value_heads.safetensors';

/** Names of the parameters of such heads: `q1/hidden/kernel` and the like. */
const OF_HEADS = /^(q1|q2|v)\//;

/** Writes the heads among an agent's parameters beside a model's weights, as float32; an agent without any has no such file. */
export function saveValueHeads(directory: string, parameters: NamedTensors): void {
  const written = [...parameters]
    .filter(([name]) => OF_HEADS.test(name))
    .map(([name, { shape, data }]): WrittenTensor => ({ name, dtype: 'F32', shape, data }));
  if (written.length > 0) writeSafetensors(join(directory, VALUE_HEADS), written, { format: 'pt' });
}

/**
 * The heads beside a model's weights; empty: there are none.
 *
 * @throws ModelError where the file is damaged.
 */
export function loadValueHeads(directory: string): NamedTensors {
  const path = join(directory, VALUE_HEADS);
  if (!exists(path)) return new Map();
  try {
    return readSafetensors(path);
  } catch (cause) {
    throw new ModelError(`${path} can't be read: ${(cause as Error).message}.`, { cause });
  }
}
