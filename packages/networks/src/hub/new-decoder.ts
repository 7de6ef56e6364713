import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransformerShape } from '../language/transformer-shape.ts';
import type { JsonObject } from './read-json.ts';
import { END_OF_TEXT } from './train-tokenizer.ts';

/** The sizes that a small Llama-style decoder follows from. */
type Sizes = Pick<TransformerShape, 'width' | 'inner' | 'layers' | 'heads'>;

/** A decoder of 0.8M parameters beside its embedding, which at 2,048 tokens has 0.26M. */
const SIZES: Sizes = { width: 128, inner: 344, layers: 4, heads: 4 };

/** What a Llama-style decoder's directory has beside its weights. */
interface DecoderFiles extends Sizes {
  /** How many tokens it knows. */
  readonly vocabulary: number;
  /** The most tokens of a text. */
  readonly context: number;
  /** The token that ends a text, and its name; null: it has none. */
  readonly end: number;
  readonly endName: string | null;
  /** What `tokenizer.json` holds; null: there is none. */
  readonly tokenizer: JsonObject | null;
}

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
  writeDecoderFiles(directory, {
    ...{ ...SIZES, vocabulary: tokens, context, tokenizer },
    ...{ end: 0, endName: END_OF_TEXT },
  });
}

/** Writes what the directory of a Llama-style decoder, of float32 and with a tied head, has beside its weights. */
export function writeDecoderFiles(directory: string, files: DecoderFiles): void {
  const { width, inner, layers, heads, vocabulary, context, end, endName, tokenizer } = files;
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    dtype: 'float32',
    vocab_size: vocabulary,
    ...{ hidden_size: width, intermediate_size: inner, num_hidden_layers: layers },
    ...{ num_attention_heads: heads, num_key_value_heads: heads, head_dim: width / heads },
    max_position_embeddings: context,
    ...{ hidden_act: 'silu', rms_norm_eps: 1e-5, rope_theta: 10_000 },
    ...{ attention_bias: false, mlp_bias: false, tie_word_embeddings: true },
    ...{ bos_token_id: end, eos_token_id: end },
  };
  const settings = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: context,
    ...(endName === null ? {} : { bos_token: endName, eos_token: endName }),
    clean_up_tokenization_spaces: false,
  };
  mkdirSync(directory, { recursive: true });
  const written: Record<string, object> = {
    'config.json': config,
    ...(tokenizer === null ? {} : { 'tokenizer.json': tokenizer, 'tokenizer_config.json': settings }),
  };
  for (const [name, content] of Object.entries(written))
    writeFileSync(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
}
