import { dense, norm, type Outputs, sameAs, sideBySide, type TensorPlan } from '../tensor-plan.ts';
import type { Family } from './family.ts';
import { equalHeads } from './heads.ts';
import { rotaryPositions } from './rotary.ts';

const HEAD = 'embed_out.weight';
const EMBEDDING = 'embed_in.weight';

/** GPT-NeoX: places by rotating a part of each head, both parts of a layer of the same features, one matrix of queries, keys and values. */
export const gptNeox: Family = {
  architectures: { GPTNeoXForCausalLM: true, GPTNeoXModel: true },
  prefix: 'gpt_neox.',
  shape(config) {
    const heads = config.size('num_attention_heads');
    const headSize = equalHeads(config, ['hidden_size', 'num_attention_heads']);
    const attention = config.flag('attention_bias', true);
    return {
      causal: true,
      vocabulary: config.size('vocab_size'),
      width: config.size('hidden_size'),
      layers: config.size('num_hidden_layers'),
      ...{ heads, keyValueHeads: heads, headSize },
      inner: config.size('intermediate_size'),
      context: config.size('max_position_embeddings'),
      positions: rotaryPositions(config, headSize, {
        theta: config.has('rotary_emb_base') ? 'rotary_emb_base' : 'rope_theta',
        part: { name: 'rotary_pct', ifAbsent: 0.25 },
      }),
      tokenTypes: 0,
      norm: { kind: 'layer', epsilon: config.positive('layer_norm_eps', 1e-5) },
      residual: config.flag('use_parallel_residual', true) ? 'parallel' : 'pre',
      activation: config.activation('hidden_act', 'gelu'),
      gated: false,
      biases: { qkv: attention, attention, mlp: true },
      scores: { scaled: true, byLayer: false },
      head: { tied: config.flag('tie_word_embeddings', false), bias: false, transform: false },
    };
  },
  tensors({ width, vocabulary, layers, inner, heads, headSize, biases, head }) {
    /** Reads a tensor that has the queries, keys and values of one head after the other; ours has the queries of all heads first. */
    const fused = (name: string): Outputs => ({
      name,
      outputs: 3 * width,
      of: (output) => {
        const [part, place] = [Math.floor(output / headSize) % 3, output % headSize];
        const number = Math.floor(output / (3 * headSize));
        return (part * heads + number) * headSize + place;
      },
    });
    const layer = (i: number): TensorPlan[] => {
      const [attention, mlp] = [`layers.${i}.attention`, `layers.${i}.mlp`];
      const mixed = sideBySide([`${attention}.dense`, width]);
      return [
        ...norm(`layer${i}/attention`, `layers.${i}.input_layernorm`, width, true),
        ...dense(`layer${i}/attention/input`, width, [fused(`${attention}.query_key_value`)], biases.qkv),
        ...dense(`layer${i}/attention/output`, width, mixed, biases.attention),
        ...norm(`layer${i}/mlp`, `layers.${i}.post_attention_layernorm`, width, true),
        ...dense(`layer${i}/mlp/input`, width, sideBySide([`${mlp}.dense_h_to_4h`, inner]), true),
        ...dense(`layer${i}/mlp/output`, inner, sideBySide([`${mlp}.dense_4h_to_h`, width]), true),
      ];
    };
    return [
      sameAs('embedding/tokens', EMBEDDING, [vocabulary, width]),
      ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
      ...norm('final', 'final_layer_norm', width, true),
      ...(head!.tied ? [] : [sameAs('head/tokens', HEAD, [vocabulary, width])]),
    ];
  },
  twins: ({ head }) => (head!.tied ? [{ name: HEAD, of: EMBEDDING }] : []),
  passedOver: /^(layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.\w+)|rotary_emb\.\w+)$/,
};
