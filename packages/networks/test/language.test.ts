import { fileURLToPath } from 'node:url';
import { loadTensor, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkGenerated,
  checkKernel,
  checkOutputs,
  checkTokenizer,
  MODELS,
  TOKENIZERS,
} from './language-checks.ts';

/** Written by reference/language/main.py with seed 0. */
const stored = (name: string): string =>
  fileURLToPath(new URL(`./reference/language/stored/${name}`, import.meta.url));

const DECODERS = MODELS.filter((name) => !name.startsWith('bert'));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

it.each(MODELS)('%s gives the logits and features of transformers', (name) => {
  checkOutputs(runtime, stored(name));
});

describe('without tfjs', () => {
  it.each(DECODERS)('%s gives the logits of transformers', (name) => checkKernel(stored(name)));

  it.each(DECODERS)('%s generates, with a cache, what transformers does without', (name) =>
    checkGenerated(stored(name)),
  );
});

it.each(TOKENIZERS)('a tokenizer of kind %s makes the tokens of the Python library', (name) => {
  checkTokenizer(stored(`tokenizers/${name}`));
});

it('checks every model that there is', async () => {
  const { readdirSync } = await import('node:fs');
  const folders = readdirSync(stored(''), { withFileTypes: true }).filter((each) => each.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...MODELS, 'tokenizers'].sort());
});
