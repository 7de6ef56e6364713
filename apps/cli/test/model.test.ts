import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { checkTrace, traceInput } from '../src/model/trace-input.ts';

/** Models that `transformers` wrote, and what it makes of them. */
const stored = (name: string) =>
  fileURLToPath(
    new URL(`../../../packages/networks/test/reference/language/stored/${name}`, import.meta.url),
  );

const expectedOf = (name: string) => JSON.parse(readFileSync(join(stored(name), 'expected.json'), 'utf8'));

async function trace(directory: string, input: object) {
  const file = join(temporaryDirectory(), 'in.json');
  writeFileSync(file, JSON.stringify(input));
  const { code, stdout, stderr } = await qfleet(['model', 'trace', directory, '--in', file]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-4);
  });
}

/** Rows × columns without those of padding. */
const real = <T>(rows: readonly (readonly T[])[], mask: readonly (readonly number[])[]): T[] =>
  rows.flatMap((row, i) => row.filter((_, column) => mask[i][column] === 1));

describe('qfleet model trace', () => {
  it('gives the logits of transformers, of rows that are padded before their first token', async () => {
    const { logits: expected, ...given } = expectedOf('gpt2').cases[1];
    const { logits, ...rest } = await trace(stored('gpt2'), given);
    expectClose(real<number[]>(logits, given.mask).flat(), expected);
    expect(rest).toEqual({});
    const some = await trace(stored('gpt2'), { ...given, positions: [5, 0] });
    const asked = logits.map((row: number[][]) => [row[5], row[0]]);
    expect(some.logits.map((row: number[][]) => row.length)).toEqual([2, 2]);
    // Not to the bit: how sums are split among threads may differ from process to process.
    expectClose(some.logits.flat(2), asked.flat(2));
  });

  it("gives an encoder's features beside its logits, or alone where it has no head", async () => {
    const { logits: expected, hidden: features, ...given } = expectedOf('bert').cases[0];
    const { logits, hidden } = await trace(stored('bert'), given);
    expectClose(real<number[]>(logits, given.mask).flat(), expected);
    expectClose(real<number[]>(hidden, given.mask).flat(), features);
    const headless = expectedOf('bert-no-head').cases[2];
    const { hidden: alone, ...rest } = await trace(stored('bert-no-head'), {
      ids: headless.ids,
      tokenTypes: headless.tokenTypes,
    });
    expectClose(alone.flat(2), headless.hidden);
    expect(rest).toEqual({});
  });

  it('generates greedily, padded on either side, and never what is forbidden', async () => {
    const { generated } = expectedOf('llama');
    const [free, barred] = generated;
    const ids = [
      [...free.prompt, 0, 0],
      [0, 0, ...free.prompt],
    ];
    const mask = [
      [1, 1, 1, 0, 0],
      [0, 0, 1, 1, 1],
    ];
    expect(await trace(stored('llama'), { ids, mask, generate: 32 })).toEqual({
      tokens: [free.tokens, free.tokens],
    });
    const { prompt, forbid, tokens } = barred;
    expect(await trace(stored('llama'), { ids: [prompt], generate: 7, forbid })).toEqual({
      tokens: [tokens.slice(0, 7)],
    });
  });

  it('makes tokens of texts, and texts of these', async () => {
    const { cases } = expectedOf('tokenizers/byte-level') as {
      cases: { text: string; ids: number[]; decoded: string }[];
    };
    expect(await trace(stored('tokenizers/byte-level'), { text: cases.map(({ text }) => text) })).toEqual({
      ids: cases.map(({ ids }) => ids),
      decoded: cases.map(({ decoded }) => decoded),
    });
  });

  it('refuses what it can not read, with one sentence and exit code 2', async () => {
    const directory = temporaryDirectory();
    cpSync(stored('llama'), directory, { recursive: true });
    const file = join(directory, 'in.json');
    const refused = async (input: string, model = directory) => {
      writeFileSync(file, input);
      const { code, stdout, stderr } = await qfleet(['model', 'trace', model, '--in', file]);
      expect(stdout).toBe('');
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: [^\n]+\.\n$/);
      return stderr;
    };
    expect(await refused('{"ids":[[1')).toContain('is not JSON');
    expect(await refused('{"text":["hello"]}')).toContain('has no tokenizer.json, which texts need');
    expect(await refused('{"ids":[[1]],"generate":2}', stored('bert'))).toContain('the model is an encoder');
    rmSync(join(directory, 'model.safetensors'));
    writeFileSync(join(directory, 'pytorch_model.bin'), '');
    expect(await refused('{"ids":[[1]]}')).toContain('it is a pickle');
  });
});

describe('the input of a trace', () => {
  const shape = { vocabulary: 61, context: 40, tokenTypes: 0, causal: true } as Parameters<
    typeof checkTrace
  >[1];
  const message = (input: unknown): string => {
    try {
      const read = traceInput(input, 'in.json');
      if (!('text' in read)) checkTrace(read, shape, 'in.json');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [[], 'it holds no object'],
    [{}, 'ids has to be a list of rows, one at least'],
    [{ ids: [] }, 'ids has to be a list of rows, one at least'],
    [{ ids: [[]] }, 'ids has an empty row'],
    [{ ids: [1, 2] }, 'each row of ids has to be a list of whole numbers'],
    [{ ids: [[1.5]] }, 'each row of ids has to be a list of whole numbers'],
    [{ ids: [[-1]] }, 'each row of ids has to be a list of whole numbers'],
    [{ ids: [[1, 2], [3]] }, 'row 1 of ids has 1 tokens and row 0 has 2: pad them'],
    [{ ids: [[1, 61]] }, "ids has 61, and the model's tokens are 0 to 60"],
    [{ ids: [[1]], mask: [[2]] }, 'mask may hold 0 and 1 alone'],
    [{ ids: [[1, 2]], mask: [[0, 0]] }, 'row 0 of mask has no 1'],
    [{ ids: [[1, 2]], mask: [[1]] }, 'mask is 1 × 1, and ids is 1 × 2'],
    [{ ids: [[1]], tokenTypes: [[0]] }, 'the tokens of this model have no types'],
    [{ ids: [[1]], positions: [1] }, 'positions has 1, and the columns of ids are 0 to 0'],
    [{ ids: [[1]], generate: 0 }, 'generate has to be a whole number from 1 on'],
    [{ ids: [[1]], forbid: [2] }, 'give generate too'],
    [{ ids: [[1]], generate: 1, forbid: [99] }, 'forbid has 99'],
    [{ ids: [[1]], generate: 1, forbid: Array.from({ length: 61 }, (_, i) => i) }, 'forbid has all tokens'],
    [{ ids: [Array(41).fill(1)] }, "row 0 has 41 tokens, and the model's context is 40"],
    [{ ids: [Array(30).fill(1)], generate: 12 }, 'row 0 has 30 tokens and 12 are to follow'],
    [{ ids: [[1]], tokens: 1 }, "'tokens' is not known"],
    [{ text: 'a' }, 'text has to be a list of texts'],
    [{ text: ['a'], ids: [[1]] }, 'it has text and ids'],
  ])('is refused: %o', (input, says) => {
    expect(message(input)).toContain(says);
    expect(message(input)).toMatch(/^in\.json: .*\.$/);
  });

  it('may be as long as the context, and padded beyond it', () => {
    expect(message({ ids: [Array(40).fill(1)], generate: 1 })).toBe('');
    const mask = [...Array(10).fill(0), ...Array(40).fill(1)];
    expect(message({ ids: [Array(50).fill(1)], mask: [mask] })).toBe('');
  });
});

describe('qfleet model inspect', () => {
  it('says what a model is, and what is odd about it', async () => {
    const { code, stdout } = await qfleet(['model', 'inspect', stored('gpt2-old')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^model +.*gpt2-old, gpt2, a decoder$/m);
    expect(stdout).toMatch(/^parameters +5\.3K \(5,304\)$/m);
    expect(stdout).toContain('Not used: 4 stored tensors, as h.0.attn.bias.');
    expect(stdout).toContain('There is no tokenizer.json');
    const json = await qfleet(['model', 'inspect', stored('qwen2-bfloat16'), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ kind: 'decoder', type: 'qwen2', dtypes: ['BF16'], tokenizer: null },
      shape: { vocabulary: 61, layers: 2, keyValueHeads: 2, positions: { kind: 'rotary', theta: 10_000 } },
    });
  });

  it('names what is missing, with exit code 2', async () => {
    const directory = temporaryDirectory();
    cpSync(stored('llama'), directory, { recursive: true });
    const path = join(directory, 'config.json');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'),
    );
    const { code, stdout, stderr } = await qfleet(['model', 'inspect', directory]);
    expect(stderr).toMatch(
      /^error: [^\n]*model\.layers\.2\.input_layernorm\.weight of shape \[16\] is missing \(and 8 more[^\n]*\.\n$/,
    );
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
