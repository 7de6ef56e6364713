import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialParameters, languageNetwork, saveWeights, type TransformerShape } from '@qfleet/networks';
import { Random } from '@qfleet/random';

/** A decoder as Llama has it, with as many heads of keys and values as of queries, and a tied head. */
export interface DecoderCase {
  readonly name: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly context: number;
}

/** The decoder whose speed is measured. */
export const TEN_MILLION: DecoderCase = {
  name: '10M parameters',
  ...{ layers: 7, width: 320, heads: 5, inner: 864, vocabulary: 4096, context: 512 },
};

/** The decoder whose start is measured: as large as what an actor of a text task loads. */
export const ONE_MILLION: DecoderCase = {
  name: '1M parameters',
  ...{ layers: 4, width: 128, heads: 4, inner: 384, vocabulary: 1024, context: 512 },
};

const EPSILON = 1e-6;
const THETA = 10_000;

/** Writes a decoder with drawn weights to a directory, as Hugging Face's libraries have it. */
export function writeDecoder(directory: string, decoder: DecoderCase): void {
  const { layers, width, heads, inner, vocabulary, context } = decoder;
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_act: 'silu',
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    vocab_size: vocabulary,
    max_position_embeddings: context,
    rms_norm_eps: EPSILON,
    rope_theta: THETA,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: null,
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  const shape = shapeOf(decoder);
  const tensors = initialParameters(languageNetwork(shape).parameters, new Random(0));
  saveWeights(directory, 'llama', shape, tensors);
}

function shapeOf({ layers, width, heads, inner, vocabulary, context }: DecoderCase): TransformerShape {
  const headSize = width / heads;
  return {
    causal: true,
    ...{ layers, width, heads, keyValueHeads: heads, headSize, inner, vocabulary, context },
    positions: { kind: 'rotary', theta: THETA, size: headSize, factor: 1 },
    tokenTypes: 0,
    norm: { kind: 'rms', epsilon: EPSILON },
    residual: 'pre',
    activation: 'silu',
    gated: true,
    biases: { qkv: false, attention: false, mlp: false },
    scores: { scaled: true, byLayer: false },
    head: { tied: true, bias: false, transform: false },
  };
}
