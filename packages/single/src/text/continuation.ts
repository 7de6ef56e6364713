import { DecoderKernel, Generation, sampledTokens } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { NamedTensors } from '@qfleet/tensor';
import type { TextModel } from './text-model.ts';

/** Tokens of a sample: those it begins with, and those that the model adds. */
const PROMPT = 16;
const ADDED = 48;
const SAMPLING = { temperature: 0.8, topP: 0.95 };

/** How a model goes on with the beginning of a text: that beginning, and what it adds. */
export function continuation(
  { shape, tokenizer }: TextModel,
  tensors: NamedTensors,
  text: Int32Array,
  seed: number,
): string {
  const prompt = [...text.subarray(0, Math.min(PROMPT, Math.ceil(shape.context / 2)))];
  const generation = new Generation(new DecoderKernel(shape, tensors, 1));
  const random = new Random(Random.seed(seed, 'samples'));
  generation.join(prompt, { select: sampledTokens(SAMPLING, random) });
  const added: number[] = [];
  // The last one is not read.
  const most = Math.min(ADDED, shape.context - prompt.length + 1);
  while (added.length < most) added.push(generation.step()[0].token);
  return tokenizer.decode([...prompt, ...added]);
}
