import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import { encodeTensors } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { type Ended, start, temporaryDirectory } from '../../../test/support/qfleet.ts';

const tokenizer = fileURLToPath(
  new URL('../../../packages/networks/test/reference/language/stored/tokenizers/byte-level', import.meta.url),
);

const CONFIG = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 300, hidden_size: 8 },
  ...{ intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 1, max_position_embeddings: 48 },
  tie_word_embeddings: true,
};

/** A model with random weights, which speaks gibberish. */
function model(): string {
  const directory = temporaryDirectory();
  cpSync(tokenizer, directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(CONFIG));
  const layer = (name: string) => `model.layers.0.${name}.weight`;
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [300, 8]],
    [layer('input_layernorm'), [8]],
    ...['q', 'k', 'v', 'o'].map((each): [string, number[]] => [layer(`self_attn.${each}_proj`), [8, 8]]),
    [layer('post_attention_layernorm'), [8]],
    ...['gate', 'up', 'down'].map((each): [string, number[]] => [layer(`mlp.${each}_proj`), [8, 8]]),
    ['model.norm.weight', [8]],
  ];
  const random = new Random(1);
  const tensors = shapes.map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, data: Float32Array.from({ length }, () => random.normal()) }] as const;
  });
  writeFileSync(join(directory, 'model.safetensors'), encodeTensors(new Map(tensors)));
  return directory;
}

function chat(directory: string, said: string, ...options: string[]): Promise<Ended> {
  const { child, ended } = start(['chat', '--model', directory, ...options]);
  child.stdin!.end(said);
  return ended;
}

describe('qfleet chat', () => {
  it('answers each line, the same from the same seed, and says what it drops', async () => {
    const directory = model();
    const said = 'Hello\n\nHow are you?\n';
    const [one, same, other] = [
      await chat(directory, said, '--seed', '1'),
      await chat(directory, said, '--seed', '1'),
      await chat(directory, said, '--seed', '2'),
    ];
    expect(one.code).toBe(0);
    expect(one.stdout.match(/\n/g)).toHaveLength(2);
    expect(one.stdout).toBe(same.stdout);
    expect(one.stdout).not.toBe(other.stdout);
    const long = await chat(directory, `${'a'.repeat(100)}\n${said}`, '--temperature', '0');
    expect(long.stderr).toMatch(
      /^\(What you said takes \d+ tokens, and the model's context is 48: say less\.\)$/m,
    );
    expect(long.stderr).toMatch(/^\(the context is full: the oldest turn is dropped\)$/m);
    expect(long.code).toBe(0);
  });

  it('refuses what can not talk, with one sentence and exit code 2', async () => {
    const directory = (name: string) =>
      fileURLToPath(
        new URL(`../../../packages/networks/test/reference/language/stored/${name}`, import.meta.url),
      );
    for (const [name, says] of [
      ['bert', 'is an encoder, which does not speak'],
      ['llama', 'has no tokenizer.json'],
    ] as const) {
      const { code, stdout, stderr } = await chat(directory(name), 'Hello\n');
      expect(stderr).toMatch(/^error: [^\n]+\.\n$/);
      expect(stderr).toContain(says);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });
});
