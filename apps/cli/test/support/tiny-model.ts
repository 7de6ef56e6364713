import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  initialParameters,
  languageNetwork,
  loadArchitecture,
  saveWeights,
  trainTokenizer,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';

const TEXT = 'the table for four people on friday please. move left move right move up move down';

/** The families of decoders, with what their configurations ask for. */
const FAMILIES = {
  gpt2: {
    ...{ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], n_embd: 16, n_layer: 2, n_head: 2 },
    n_positions: 160,
  },
  llama: {
    ...{ model_type: 'llama', architectures: ['LlamaForCausalLM'], hidden_size: 16, intermediate_size: 24 },
    ...{ num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 160 },
  },
  qwen2: {
    ...{ model_type: 'qwen2', architectures: ['Qwen2ForCausalLM'], hidden_size: 16, intermediate_size: 24 },
    ...{ num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 160 },
  },
  gpt_neox: {
    ...{ model_type: 'gpt_neox', architectures: ['GPTNeoXForCausalLM'], hidden_size: 16 },
    ...{ intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 160 },
  },
};

export type TinyFamily = keyof typeof FAMILIES;
export const TINY_FAMILIES = Object.keys(FAMILIES) as TinyFamily[];

/** Writes a random decoder of a few thousand parameters, with a byte-level tokenizer, in Hugging Face's format. @returns its directory. */
export function writeTinyModel(directory: string, family: TinyFamily, changes: object = {}): string {
  const tokenizer = trainTokenizer([TEXT], 290);
  const { vocab } = tokenizer['model'] as { vocab: object };
  const config = { ...FAMILIES[family], vocab_size: Object.keys(vocab).length, eos_token_id: 0, ...changes };
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(tokenizer));
  const { type, shape } = loadArchitecture(directory);
  const parameters = initialParameters(languageNetwork(shape).parameters, new Random(1));
  saveWeights(directory, type, shape, parameters);
  return directory;
}
