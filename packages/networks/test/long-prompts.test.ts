import { setTimeout } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { loadTensor, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Decoder,
  DecoderGraph,
  DecoderKernel,
  evaluateRows,
  Generation,
  greedyTokens,
  initialParameters,
  languageNetwork,
  type TransformerShape,
} from '../src/index.ts';
import { workerThreads } from '../src/inference/language/worker-threads.ts';

const CONTEXT = 1200;
const SHAPE: TransformerShape = {
  ...{ causal: true, vocabulary: 101, width: 32, layers: 2, heads: 4, keyValueHeads: 2, headSize: 8 },
  ...{ inner: 48, context: CONTEXT, positions: { kind: 'rotary', theta: 10_000, size: 8, factor: 1 } },
  ...{
    tokenTypes: 0,
    norm: { kind: 'rms', epsilon: 1e-5 },
    residual: 'pre',
    activation: 'silu',
    gated: true,
  },
  ...{ biases: { qkv: false, attention: false, mlp: false }, scores: { scaled: true, byLayer: false } },
  head: { tied: true, bias: false, transform: false },
};

const random = new Random(7);
const tensors = initialParameters(languageNetwork(SHAPE).parameters, random);
// Wide, so that the prompt's beginning shows in what comes of its end.
for (const { data } of tensors.values())
  for (let i = 0; i < data.length; i++) data[i] += 0.2 * random.normal();
const drawn = (count: number) => Array.from({ length: count }, () => random.integer(SHAPE.vocabulary));
const prompt = drawn(CONTEXT - 8);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/** The logits after the prompt, of the whole text in one forward pass. */
function expectedLogits(): Float32Array {
  const rows = { rows: 1, ids: Int32Array.from(prompt), mask: new Int32Array(prompt.length).fill(1) };
  const [{ logits }] = evaluateRows(runtime, languageNetwork(SHAPE), tensors, rows, [prompt.length - 1]);
  return logits!;
}

/** The same decoder, which notes how many tokens it is given at once. */
function counting(decoder: Decoder): { decoder: Decoder; counts: number[] } {
  const counts: number[] = [];
  const { shape, slots, together } = decoder;
  return {
    counts,
    decoder: {
      ...{ shape, slots, together },
      load: (given) => decoder.load(given),
      clear: (slot) => decoder.clear(slot),
      run(steps, take) {
        counts.push(steps.count);
        decoder.run(steps, take);
      },
      dispose: () => decoder.dispose(),
    },
  };
}

/** Tokens of texts that are alone. */
function alone(text: readonly number[], count: number): number[] {
  const generation = new Generation(new DecoderKernel(SHAPE, tensors, 1));
  generation.join(text, { select: greedyTokens });
  return Array.from({ length: count }, () => generation.step()[0].token);
}

const DECODERS: readonly [string, (slots: number) => Promise<Decoder | null>][] = [
  ['the kernel', async (slots) => new DecoderKernel(SHAPE, tensors, slots)],
  [
    'the kernel on three threads',
    async (slots) => {
      const decoder = new DecoderKernel(SHAPE, tensors, slots, [], workerThreads(3));
      // The threads take part as soon as they have begun.
      await setTimeout(300);
      return decoder;
    },
  ],
  [
    'libtensorflow',
    async (slots) => (runtime.binding === null ? null : new DecoderGraph(runtime, SHAPE, tensors, slots)),
  ],
];

describe.each(DECODERS)('a long prompt, on %s,', (_, decoderOf) => {
  it('is taken in parts, between which other texts go on', async ({ skip }) => {
    const made = await decoderOf(4);
    if (made === null) return skip('there is no libtensorflow');
    const { decoder, counts } = counting(made);
    const generation = new Generation(decoder);
    let logits: Float32Array | null = null;
    const short = [drawn(3), drawn(5)];
    for (const each of short) generation.join(each, { select: greedyTokens });
    const first = generation.step();
    const long = generation.join(prompt, {
      select: (outputs) => {
        logits ??= outputs.logits.slice();
        return greedyTokens(outputs);
      },
    });
    const tokens = short.map((__, slot) => [first[slot].token]);
    const parts = Math.ceil(prompt.length / (decoder.together - short.length));
    for (let part = 1; part <= parts; part++) {
      const given = generation.step();
      expect(given.map(({ slot }) => slot)).toEqual(part < parts ? [0, 1] : [0, 1, long]);
      for (const { slot, token } of given) if (slot !== long) tokens[slot].push(token);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(decoder.together);
    expect(tokens).toEqual(short.map((each) => alone(each, parts + 1)));
    const expected = expectedLogits();
    const worst = logits!.reduce((most: number, each, i) => Math.max(most, Math.abs(each - expected[i])), 0);
    expect(worst).toBeLessThan(1e-4);
    decoder.dispose();
  });
});

it('prompts share a step, so that a short one does not wait for a long one, and one alone gets a token', () => {
  const { decoder, counts } = counting(new DecoderKernel(SHAPE, tensors, 4));
  const generation = new Generation(decoder);
  const texts = [prompt, drawn(150), drawn(2), drawn(60)];
  for (const text of texts) generation.join(text, { select: greedyTokens });
  const found: number[][] = texts.map(() => []);
  const firsts: number[] = [];
  while (firsts.length < texts.length)
    for (const { slot, token } of generation.step()) if (found[slot].push(token) === 1) firsts.push(slot);
  expect(firsts).toEqual([2, 3, 1, 0]);
  expect(Math.max(...counts)).toBeLessThanOrEqual(decoder.together);
  for (const [slot, tokens] of found.entries()) expect(tokens).toEqual(alone(texts[slot], tokens.length));
  for (const slot of found.keys()) generation.leave(slot);
  const [{ token }] = [generation.join(prompt, { select: greedyTokens })].flatMap(() => generation.step());
  expect(token).toBe(found[0][0]);
});
