import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, loadTokenizer, ModelError } from '../src/index.ts';

const stored = (name: string) =>
  fileURLToPath(new URL(`./reference/language/stored/${name}`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-hub-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of a stored model that may be broken. */
function copyOf(name: string): string {
  const directory = mkdtempSync(join(folder, 'model-'));
  cpSync(stored(name), directory, { recursive: true });
  return directory;
}

interface Entry {
  dtype: string;
  shape: number[];
  data: Buffer;
}

/** Writes a file of weights anew, as `change` leaves its tensors. */
function rewrite(path: string, change: (tensors: Map<string, Entry>) => void): void {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  delete header['__metadata__'];
  const tensors = new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]): [string, Entry] => [name, { dtype, shape, data: bytes.subarray(start + from, start + to) }],
    ),
  );
  change(tensors);
  let at = 0;
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const from = at;
    at += data.length;
    return [name, { dtype, shape, data_offsets: [from, at] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...[...tensors.values()].map(({ data }) => data)]));
}

const weights = (directory: string) => join(directory, 'model.safetensors');

function reconfigure(directory: string, change: Record<string, unknown>): void {
  const path = join(directory, 'config.json');
  const config = { ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change };
  writeFileSync(path, JSON.stringify(config));
}

/** It is refused with one sentence that ends with a full stop and says all of `parts`. */
function expectRefused(work: () => unknown, ...parts: (string | RegExp)[]): void {
  let message = '';
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    ({ message } = error as Error);
  }
  expect(message).toMatch(/^[^\n]+\.$/);
  for (const part of parts) expect(message).toMatch(part);
}

const QUERY = 'model.layers.1.self_attn.q_proj.weight';

describe('loadModel refuses', () => {
  it.each<[what: string, change: (tensors: Map<string, Entry>) => void, ...parts: (string | RegExp)[]]>([
    ['a missing tensor', (t) => t.delete(QUERY), `the tensor ${QUERY} of shape [16, 16] is missing`],
    [
      'an unexpected tensor',
      (t) => t.set('model.layers.2.mlp.up_proj.weight', t.get('model.layers.1.mlp.up_proj.weight')!),
      'the tensor model.layers.2.mlp.up_proj.weight of shape [24, 16] is unexpected',
    ],
    [
      'a tensor of another shape',
      (t) => t.set(QUERY, { ...t.get(QUERY)!, shape: [8, 32] }),
      `the tensor ${QUERY} has the shape [8, 32], and config.json asks for [16, 16]`,
    ],
    [
      'a transposed tensor',
      (t) =>
        t.set('model.layers.0.mlp.up_proj.weight', {
          ...t.get('model.layers.0.mlp.up_proj.weight')!,
          shape: [16, 24],
        }),
      'the tensor model.layers.0.mlp.up_proj.weight has the shape [16, 24], and config.json asks for [24, 16]',
    ],
    [
      'a tensor of integers',
      (t) => t.set(QUERY, { ...t.get(QUERY)!, dtype: 'I32' }),
      `the tensor ${QUERY} has dtype I32, and F32, F16, BF16 are read`,
    ],
    [
      'a number that is not finite',
      (t) => {
        const data = Buffer.from(t.get(QUERY)!.data);
        data.writeFloatLE(Number.NaN, 4 * 37);
        t.set(QUERY, { ...t.get(QUERY)!, data });
      },
      `the tensor ${QUERY} of shape [16, 16] holds NaN at [2, 5]`,
    ],
    [
      'a tensor that is there with and without prefix',
      (t) => t.set('norm.weight', t.get('model.norm.weight')!),
      'has the tensor norm.weight, which is there as model.norm.weight too',
    ],
    [
      'several of these, naming the first',
      (t) => {
        t.delete(QUERY);
        t.delete('model.norm.weight');
        t.set('other', { dtype: 'F32', shape: [], data: Buffer.alloc(4) });
      },
      `the tensor ${QUERY} of shape [16, 16] is missing (and 2 more such)`,
    ],
  ])('%s', (_, change, ...parts) => {
    const directory = copyOf('llama');
    rewrite(weights(directory), change);
    expectRefused(() => loadModel(directory), ...parts.map(escaped));
  });

  it('an own head that differs where the configuration says that it is tied, and takes one that does not', () => {
    const directory = copyOf('gpt2-old');
    expect(loadModel(directory).shape.head!.tied).toBe(true);
    rewrite(weights(directory), (tensors) => {
      const data = Buffer.from(tensors.get('lm_head.weight')!.data);
      data.writeFloatLE(1, 0);
      tensors.set('lm_head.weight', { ...tensors.get('lm_head.weight')!, data });
    });
    expectRefused(
      () => loadModel(directory),
      /model\.safetensors: the tensors wte\.weight and lm_head\.weight differ, .*tie_word_embeddings/,
    );
  });

  it.each<[what: string, bytes: Buffer | string, part: RegExp]>([
    ['an empty file', '', /cut short: it has 0 bytes/],
    [
      'a zip archive',
      'PK\x03\x04\0\0\0\0\0\0\0\0',
      /is no safetensors file, but a zip archive as PyTorch writes.*convert it with/,
    ],
    [
      'a pickle',
      Buffer.from([0x80, 2, 0x7d, 0x71, 0, 0x58, 5, 0, 0, 0]),
      /but a Python pickle: .*convert it with/,
    ],
    [
      'a pointer of Git LFS',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      /git lfs pull/,
    ],
    ['a GGUF file', 'GGUF\x03\0\0\0\0\0\0\0', /but a GGUF file\./],
    ['a page of HTML', '<!DOCTYPE html><html></html>', /but a page of HTML/],
  ])('%s in place of weights', (_, bytes, part) => {
    const directory = copyOf('llama');
    writeFileSync(weights(directory), bytes);
    expectRefused(() => loadModel(directory), part);
  });

  it('weights that are cut short at any place', () => {
    const directory = copyOf('llama');
    const whole = readFileSync(weights(directory));
    for (const part of [0.0001, 0.01, 0.3, 0.9, 0.9999]) {
      writeFileSync(weights(directory), whole.subarray(0, Math.floor(part * whole.length)));
      expectRefused(() => loadModel(directory), /model\.safetensors: .* cut short: /);
    }
  });

  it('a pickle without opening it, and says how it is converted', () => {
    const directory = copyOf('llama');
    rmSync(weights(directory));
    expectRefused(
      () => loadModel(directory),
      /neither model\.safetensors nor model\.safetensors\.index\.json/,
    );
    writeFileSync(join(directory, 'model.gguf'), 'GGUF');
    expectRefused(() => loadModel(directory), /has model\.gguf and no model\.safetensors/);
    writeFileSync(join(directory, 'pytorch_model.bin'), 'no pickle at all');
    expectRefused(() => loadModel(directory), /has pytorch_model\.bin .*pickle.*save_pretrained/);
  });

  it.each<[what: string, change: Record<string, unknown>, ...parts: string[]]>([
    [
      'an unknown architecture',
      { architectures: ['MambaForCausalLM'], model_type: 'mamba' },
      "model_type is 'mamba': known are gpt2, llama, qwen2, gpt_neox, bert",
    ],
    [
      'another head',
      { architectures: ['LlamaForSequenceClassification'] },
      "architectures has 'LlamaForSequenceClassification': known of model_type llama are LlamaForCausalLM, LlamaModel",
    ],
    ['no architecture', { architectures: null, model_type: null }, 'model_type is missing: known are'],
    ['an unknown activation', { hidden_act: 'mish' }, "hidden_act is 'mish': known are gelu, "],
    [
      'an unknown rotary kind',
      { rope_parameters: { rope_type: 'yarn', factor: 2 } },
      "rope_type is 'yarn': known are default, linear",
    ],
    [
      'an unknown rotary kind of before',
      { rope_scaling: { type: 'dynamic', factor: 2 } },
      "rope_scaling: type is 'dynamic': known are default, linear",
    ],
    ['a scaling without a factor', { rope_scaling: { type: 'linear' } }, 'factor is missing'],
    [
      'rotary positions of some layers',
      { rope_parameters: { full_attention: { rope_type: 'default', rope_theta: 500 } } },
      'rope_parameters: full_attention tells of some layers alone',
    ],
    [
      'heads that do not divide the width',
      { head_dim: null, num_attention_heads: 3, num_key_value_heads: 3 },
      'num_attention_heads is 3, which does not divide hidden_size, 16',
    ],
    [
      'groups that do not divide the heads',
      { num_key_value_heads: 3 },
      'num_key_value_heads is 3, which does not divide num_attention_heads, 4',
    ],
    [
      'a head that can not be rotated',
      { head_dim: 5 },
      'head_dim makes heads of 5 numbers, and rotary positions need an even number of them',
    ],
    [
      'a head that the width makes and that can not be rotated',
      { head_dim: null, num_attention_heads: 16, num_key_value_heads: 16 },
      'hidden_size makes heads of 1 numbers',
    ],
    [
      'an end of texts that is no token',
      { eos_token_id: [2, '</s>'] },
      'config.json: eos_token_id is [2,"</s>"], and it has to be the number of a token or a list of such',
    ],
    ['a size that is missing', { hidden_size: null }, 'hidden_size is missing'],
    [
      'a size of another kind',
      { vocab_size: '61' },
      'vocab_size is "61", and it has to be a whole number from 1 on',
    ],
    ['a size below 1', { num_hidden_layers: 0 }, 'num_hidden_layers is 0'],
    ['more layers than tensors', { num_hidden_layers: 1_000_000 }, 'config.json asks for 1000000 layers'],
    [
      'a model larger than memory',
      { hidden_size: 16384, num_hidden_layers: 10_000 },
      'parameters, which take',
      'as float32, and this machine has',
    ],
    [
      'another vocabulary',
      { vocab_size: 62 },
      'the tensor model.embed_tokens.weight has the shape [61, 16], and config.json asks for [62, 16]',
    ],
  ])('%s', (_, change, ...parts) => {
    const directory = copyOf('llama');
    reconfigure(directory, change);
    expectRefused(() => loadModel(directory), ...parts.map(escaped));
  });

  it.each<[model: string, change: Record<string, unknown>, part: string]>([
    ['qwen2', { use_sliding_window: true }, 'use_sliding_window is true'],
    [
      'qwen2',
      { layer_types: ['full_attention', 'sliding_attention'] },
      'layer_types has other kinds than full_attention',
    ],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention is true'],
    ['bert', { position_embedding_type: 'relative_key' }, "position_embedding_type is 'relative_key'"],
    ['bert', { is_decoder: true }, 'is_decoder is true'],
    ['gpt-neox', { rope_parameters: { partial_rotary_factor: 0.4 } }, 'so that 3 of the 8 numbers'],
  ])('what %s models are not: %o', (model, change, part) => {
    const directory = copyOf(model);
    reconfigure(directory, change);
    expectRefused(() => loadModel(directory), escaped(part));
  });

  it('a configuration that is no JSON, or no object, or is not there', () => {
    const directory = copyOf('llama');
    writeFileSync(join(directory, 'config.json'), '{"model_type": llama}');
    expectRefused(() => loadModel(directory), /config\.json is not JSON: /);
    writeFileSync(join(directory, 'config.json'), '[1]');
    expectRefused(() => loadModel(directory), /config\.json holds no JSON object/);
    rmSync(join(directory, 'config.json'));
    expectRefused(() => loadModel(directory), /config\.json can't be read: there is no such file/);
    expectRefused(() => loadModel(join(directory, 'nowhere')), /There is no /);
    expectRefused(() => loadModel(weights(directory)), /is no directory/);
  });

  it('shards of which one is missing, elsewhere, cut short, or not as the index says', () => {
    const index = 'model.safetensors.index.json';
    const changed = (change: (map: Record<string, string>, directory: string) => void) => {
      const directory = copyOf('qwen2');
      const { weight_map: map } = JSON.parse(readFileSync(join(directory, index), 'utf8')) as {
        weight_map: Record<string, string>;
      };
      change(map, directory);
      writeFileSync(join(directory, index), JSON.stringify({ weight_map: map }));
      return directory;
    };
    const [first, second] = ['model-00001-of-00006.safetensors', 'model-00002-of-00006.safetensors'];
    const cases: [directory: string, part: RegExp][] = [
      [
        changed((_, d) => rmSync(join(d, second))),
        /names model-00002-of-00006\.safetensors, which is not there/,
      ],
      [changed((_, d) => truncateSync(join(d, first), 500)), /00001-of-00006\.safetensors: .* cut short/],
      [
        changed((map) => Object.assign(map, { 'model.norm.weight': '../model.safetensors' })),
        /names no safetensors file beside it/,
      ],
      [
        changed((map) => Object.assign(map, { other: first })),
        /has the tensor other, and it has none of that name/,
      ],
      [
        changed((map) => Object.assign(map, { 'model.norm.weight': first })),
        /has the tensor model\.norm\.weight, which is in /,
      ],
      [
        changed((map) => delete map['model.norm.weight']),
        /has the tensor model\.norm\.weight, which .*index\.json does not name/,
      ],
      [
        changed((_, d) => cpSync(join(d, first), join(d, second))),
        /which model-00001-of-00006\.safetensors has too/,
      ],
    ];
    for (const [directory, part] of cases) expectRefused(() => loadModel(directory), part);
    const directory = copyOf('qwen2');
    writeFileSync(join(directory, index), '{"weight_map":{}}');
    expectRefused(() => loadModel(directory), /has no weight_map that names tensors/);
  });

  it('a tokenizer with more tokens than the model, or none that can be used', () => {
    const directory = copyOf('llama');
    expect(loadModel(directory).tokenizer).toBeNull();
    expectRefused(() => loadTokenizer(directory), /has no tokenizer\.json, which texts need/);
    cpSync(join(stored('tokenizers/word-piece'), 'tokenizer.json'), join(directory, 'tokenizer.json'));
    for (const open of [loadModel, loadTokenizer])
      expectRefused(() => open(directory), /tokenizer\.json has 120 tokens, and the model knows 61/);
    for (const content of ['{', '{}', '{"model":{"type":"Other"}}', '{"model":{"type":"BPE","vocab":3}}']) {
      writeFileSync(join(directory, 'tokenizer.json'), content);
      expectRefused(() => loadModel(directory), /tokenizer\.json/);
    }
  });
});

const escaped = (text: string | RegExp): RegExp =>
  typeof text === 'string' ? new RegExp(text.replaceAll(/[[\](){}.*+?^$|\\]/g, '\\$&')) : text;
