import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '@qfleet/tensor';
import { expect } from 'vitest';
import { TextTokenizer } from '../src/hub/tokenizer.ts';
import {
  type Decoder,
  DecoderKernel,
  evaluateRows,
  Generation,
  greedyTokens,
  type HubModel,
  languageNetwork,
  loadModel,
} from '../src/index.ts';

/** The models of `reference/language/main.py`, by the folders that it writes. */
export const MODELS = [
  ...['gpt2', 'gpt2-old', 'gpt2-own-head'],
  ...['llama', 'llama-old', 'llama-biases', 'llama-half'],
  ...['qwen2', 'qwen2-bfloat16', 'gpt-neox', 'gpt-neox-old'],
  ...['bert', 'bert-old', 'bert-own-head', 'bert-no-head'],
];

/** Those that it writes with another seed than 0 alone. */
export const FRESH_MODELS = [
  ...['qwen2-one-group', 'qwen2-linear', 'llama-wide-heads', 'llama-gelu', 'llama-relu'],
  ...['gpt-neox-sequential', 'gpt-neox-tied', 'gpt2-plain-scores', 'gpt2-relu', 'gpt2-silu'],
  ...['gpt2-quick_gelu', 'gpt2-gelu_fast', 'gpt2-gelu_python', 'bert-relu', 'bert-one-type'],
];

export const TOKENIZERS = ['byte-level', 'byte-fallback', 'word-piece'];

/** What transformers gave: numbers of real tokens alone, row by row. */
interface Expected {
  readonly cases: readonly {
    readonly ids: readonly (readonly number[])[];
    readonly mask: readonly (readonly number[])[];
    readonly tokenTypes?: readonly (readonly number[])[];
    readonly logits?: readonly number[];
    readonly hidden?: readonly number[];
  }[];
  readonly generated?: readonly {
    readonly prompt: readonly number[];
    readonly forbid: readonly number[];
    readonly tokens: readonly number[];
  }[];
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const expectedOf = (directory: string): Expected => readJson(join(directory, 'expected.json')) as Expected;

/** Holds numbers to those of `transformers`, within 1e-4. */
function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  expect(worst).toBeLessThan(1e-4);
}

/** Logits and features by tfjs, of each padding and of the whole context. */
export function checkOutputs(runtime: Runtime, directory: string): void {
  const { shape, tensors } = loadModel(directory);
  const network = languageNetwork(shape);
  for (const { ids, mask, tokenTypes, logits, hidden } of expectedOf(directory).cases) {
    const flat = (rows: readonly (readonly number[])[]) => Int32Array.from(rows.flat());
    const columns = Array.from(ids[0].keys());
    const given = {
      ...{ rows: ids.length, ids: flat(ids), mask: flat(mask) },
      ...(tokenTypes ? { types: flat(tokenTypes) } : {}),
    };
    const found = { logits: [] as number[], hidden: [] as number[] };
    let row = 0;
    for (const out of evaluateRows(runtime, network, tensors, given, columns)) {
      for (const column of columns) {
        if (mask[row][column] === 0) continue;
        const { vocabulary, width } = shape;
        found.hidden.push(...out.features.subarray(column * width, (column + 1) * width));
        if (out.logits)
          found.logits.push(...out.logits.subarray(column * vocabulary, (column + 1) * vocabulary));
      }
      row++;
    }
    expectClose(found.logits, logits ?? []);
    if (hidden) expectClose(found.hidden, hidden);
  }
}

type MakesDecoder = (shape: HubModel['shape'], tensors: HubModel['tensors'], slots: number) => Decoder;

const kernelOf: MakesDecoder = (...given) => new DecoderKernel(...given);

/** Logits by a decoder, the kernel where none is named, token after token of each row, and in one pass of all rows. */
export function checkKernel(directory: string, decoderOf = kernelOf): void {
  const { shape, tensors } = loadModel(directory);
  for (const { ids, mask, logits } of expectedOf(directory).cases) {
    const texts = ids.map((row, i) => row.filter((_, column) => mask[i][column] === 1));
    const steps = texts.flatMap((text, slot) => text.map((token, position) => ({ slot, token, position })));
    const kernel = decoderOf(shape, tensors, texts.length);
    for (const size of [steps.length, 1]) {
      const found: number[] = [];
      for (let first = 0; first < steps.length; first += size) {
        const part = steps.slice(first, first + size);
        kernel.run(
          {
            count: part.length,
            slots: Int32Array.from(part, ({ slot }) => slot),
            tokens: Int32Array.from(part, ({ token }) => token),
            positions: Int32Array.from(part, ({ position }) => position),
            wanted: new Uint8Array(part.length).fill(1),
          },
          (_, { logits: values }) => found.push(...values),
        );
      }
      expectClose(found, logits!);
      for (const slot of texts.keys()) kernel.clear(slot);
    }
    kernel.dispose();
  }
}

/** Greedy tokens with a cache, of all prompts side by side: `transformers` made them without one. */
export function checkGenerated(directory: string): void {
  const { shape, tensors }: HubModel = loadModel(directory);
  const { generated } = expectedOf(directory);
  const generation = new Generation(new DecoderKernel(shape, tensors, generated!.length));
  for (const { prompt, forbid } of generated!) {
    const legal = new Uint8Array(shape.vocabulary).fill(1);
    for (const token of forbid) legal[token] = 0;
    generation.join(prompt, { select: greedyTokens, legal: () => legal });
  }
  const found: number[][] = generated!.map(() => []);
  for (let i = 0; i < generated![0].tokens.length; i++)
    for (const { slot, token } of generation.step()) found[slot].push(token);
  expect(found).toEqual(generated!.map(({ tokens }) => tokens));
}

/** Tokens of texts, and texts of tokens, as the Python library `tokenizers` makes them. */
export function checkTokenizer(directory: string): void {
  const { tokens, cases } = readJson(join(directory, 'expected.json')) as {
    readonly tokens: number;
    readonly cases: readonly { text: string; ids: number[]; decoded: string }[];
  };
  const tokenizer = TextTokenizer.open(directory)!;
  expect(tokenizer.tokens).toBe(tokens);
  for (const { text, ids, decoded } of cases) {
    expect(tokenizer.encode(text), text).toEqual(ids);
    expect(tokenizer.decode(ids), text).toBe(decoded);
  }
}
