import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from './read-json.ts';
import { END_OF_TEXT } from './train-tokenizer.ts';

/** A Llama-style decoder of 0.8M parameters beside its embedding, which at 2,048 tokens has 0.26M. */
const SIZES = {
  hidden_size: 128,
  intermediate_size: 344,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
};

/**
 * Writes what a small decoder's directory has beside its weights, which are to be learned.
 *
 * @param tokenizer what `trainTokenizer` gave, of so many tokens.
 * @param context the most tokens of a text.
 */
export function writeNewDecoder(
  directory: string,
  { tokenizer, tokens, context }: { tokenizer: JsonObject; tokens: number; context: number },
): void {
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    dtype: 'float32',
    vocab_size: tokens,
    ...SIZES,
    head_dim: SIZES.hidden_size / SIZES.num_attention_heads,
    max_position_embeddings: context,
    ...{ hidden_act: 'silu', rms_norm_eps: 1e-5, rope_theta: 10_000 },
    ...{ attention_bias: false, mlp_bias: false, tie_word_embeddings: true },
    ...{ bos_token_id: 0, eos_token_id: 0 },
  };
  const settings = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: context,
    ...{ bos_token: END_OF_TEXT, eos_token: END_OF_TEXT },
  };
  mkdirSync(directory, { recursive: true });
  const files = { 'config.json': config, 'tokenizer.json': tokenizer, 'tokenizer_config.json': settings };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
}
