import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTensor } from '@qfleet/tensor';
import { expect, it } from 'vitest';
import { ChatTemplate, type Message } from '../src/hub/chat-template.ts';
import {
  DecoderKernel,
  evaluateRows,
  Generation,
  greedyTokens,
  languageNetwork,
  loadModel,
  sentenceVectors,
} from '../src/index.ts';

const directoryOf = (name: string) => join(process.env['QFLEET_REAL_MODELS']!, name);

const expectedOf = <T>(name: string): T =>
  JSON.parse(readFileSync(join(directoryOf(name), 'expected.json'), 'utf8')) as T;

function expectWithin(bound: number, values: ArrayLike<number>, expected: readonly number[]): void {
  expect(values.length).toBe(expected.length);
  for (const [i, each] of expected.entries()) expect(Math.abs(values[i] - each)).toBeLessThan(bound);
}

it('MiniLM gives the tokens and the sentence vectors that transformers gives', async () => {
  const { texts, ids, vectors } = expectedOf<{ texts: string[]; ids: number[][]; vectors: number[][] }>(
    'minilm',
  );
  const { shape, tensors, tokenizer } = loadModel(directoryOf('minilm'));
  const runtime = await loadTensor();
  const { tf } = runtime;
  for (const [i, text] of texts.entries()) {
    const tokens = tokenizer!.encode(text);
    expect(tokens).toEqual(ids[i]);
    const given = { rows: 1, ids: Int32Array.from(tokens), mask: new Int32Array(tokens.length).fill(1) };
    const [{ features }] = evaluateRows(runtime, languageNetwork(shape), tensors, given, []);
    const rows = tf.tensor2d(features, [tokens.length, shape.width]);
    const mask = tf.tensor2d(given.mask, [1, tokens.length], 'int32');
    expectWithin(1e-4, sentenceVectors(tf, rows, mask).dataSync(), vectors[i]);
  }
});

it('SmolLM2 reads a dialogue, and gives the likeliest tokens and the answer that transformers gives', () => {
  const expected = expectedOf<{
    messages: Message[];
    ids: number[];
    top: number[];
    logits: number[];
    generated: number[];
    texts: { text: string; ids: number[] }[];
  }>('smollm2');
  const { shape, tensors, tokenizer, template } = loadModel(directoryOf('smollm2'));
  for (const { text, ids } of expected.texts) expect(tokenizer!.encode(text)).toEqual(ids);
  expect(template).toBeInstanceOf(ChatTemplate);
  expect(tokenizer!.encode(template!.render(expected.messages), false)).toEqual(expected.ids);
  const kernel = new DecoderKernel(shape, tensors, 1);
  const count = expected.ids.length;
  const wanted = new Uint8Array(count);
  wanted[count - 1] = 1;
  let logits = new Float32Array(0);
  kernel.run(
    {
      ...{ count, wanted, slots: new Int32Array(count), tokens: Int32Array.from(expected.ids) },
      positions: Int32Array.from(expected.ids.keys()),
    },
    (_, given) => {
      logits = given.logits.slice();
    },
  );
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  expect(order.slice(0, 20)).toEqual(expected.top);
  expectWithin(
    1e-3,
    expected.top.map((token) => logits[token]),
    expected.logits,
  );
  kernel.clear(0);
  const generation = new Generation(kernel);
  generation.join(expected.ids, { select: greedyTokens });
  expect(expected.generated.map(() => generation.step()[0].token)).toEqual(expected.generated);
});
