import { join } from 'node:path';
import { type FloatDtype, type NamedTensors, type WrittenTensor, writeSafetensors } from '@qfleet/tensor';
import type { TransformerShape } from '../language/transformer-shape.ts';
import { FAMILIES, type ModelType } from './families/known.ts';
import { isOfHead } from './load-weights.ts';
import { takePart } from './tensor-plan.ts';

/**
 * Writes the parameters of a model as `model.safetensors`, under the names that `transformers` writes.
 *
 * @param type `model_type` of its configuration.
 * @param tensors its parameters by our names.
 * @param dtype of the numbers in the file.
 */
export function saveWeights(
  directory: string,
  type: ModelType,
  shape: TransformerShape,
  tensors: NamedTensors,
  dtype: FloatDtype = 'F32',
): void {
  const family = FAMILIES[type];
  const prefix = shape.head === null ? '' : family.prefix;
  const written = family.tensors(shape).flatMap((plan) =>
    plan.parts.map((part): WrittenTensor => {
      const name = isOfHead(part.name) ? part.name : prefix + part.name;
      const { data } = tensors.get(plan.name)!;
      return { name, dtype, shape: part.shape, data: takePart(plan, part, data) };
    }),
  );
  // transformers refuses a file that does not say so.
  writeSafetensors(join(directory, 'model.safetensors'), written, { format: 'pt' });
}
