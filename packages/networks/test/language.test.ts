import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import { loadTensor, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DecoderGraph,
  DecoderKernel,
  Generation,
  greedyTokens,
  initialParameters,
  languageNetwork,
  loadModel,
  type TokenHead,
  type TokenOutputs,
} from '../src/index.ts';
import { Dense } from '../src/layers/dense.ts';
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

describe('on libtensorflow', () => {
  it.for(['gpt2', 'gpt-neox'])('%s gives the logits of transformers', (name, { skip }) => {
    skip(runtime.binding === null, 'there is no libtensorflow');
    checkKernel(stored(name), (...given) => new DecoderGraph(runtime, ...given));
  });

  it('generates and values what the kernel does, of weights that are loaded too', ({ skip }) => {
    skip(runtime.binding === null, 'there is no libtensorflow');
    const { shape } = loadModel(stored('llama'));
    const head = new Dense('q', shape.width, 5);
    const q: TokenHead = {
      ...{ name: 'q', parameters: head.parameters },
      layers: (given) => [head.layer(given)],
    };
    const specs = [...languageNetwork(shape).parameters, ...head.parameters];
    const [first, second] = [1, 2].map((seed) => initialParameters(specs, new Random(seed)));
    const [own, graph] = [
      new DecoderKernel(shape, first!, 3, [q]),
      new DecoderGraph(runtime, shape, first!, 3, [q]),
    ].map((decoder) => {
      const values: number[] = [];
      const generation = new Generation(decoder);
      const select = (outputs: TokenOutputs) => {
        values.push(...outputs.values['q']);
        return greedyTokens(outputs);
      };
      for (const prompt of [[1], [2, 3, 4], [5, 6]]) generation.join(prompt, { select });
      const tokens = Array.from({ length: 6 }, (_, i) => {
        if (i === 3) generation.load(second!);
        return generation.step();
      });
      generation.leave(1);
      tokens.push(generation.step());
      decoder.dispose();
      return { tokens, values };
    });
    expect(graph!.tokens).toEqual(own!.tokens);
    for (const [i, value] of own!.values.entries()) expect(graph!.values[i]).toBeCloseTo(value, 4);
  });
});

it.each(TOKENIZERS)('a tokenizer of kind %s makes the tokens of the Python library', (name) => {
  checkTokenizer(stored(`tokenizers/${name}`));
});

it('checks every model that there is', async () => {
  const { readdirSync } = await import('node:fs');
  const folders = readdirSync(stored(''), { withFileTypes: true }).filter((each) => each.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...MODELS, 'tokenizers'].sort());
});
