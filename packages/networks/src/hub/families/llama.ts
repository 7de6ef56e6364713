import type { TransformerShape } from '../../language/transformer-shape.ts';
import type { ConfigReader } from '../config-reader.ts';
import { dense, norm, sameAs, sideBySide, type TensorPlan } from '../tensor-plan.ts';
import type { Family } from './family.ts';
import { equalHeads } from './heads.ts';
import { rotaryPositions } from './rotary.ts';

const HEAD = 'lm_head.weight';
const EMBEDDING = 'embed_tokens.weight';

/** Which dense layers have a bias, of a configuration. */
type Biases = (config: ConfigReader) => TransformerShape['biases'];

/** What Llama and Qwen2 share: rotary places, norms before by root mean square, SwiGLU, groups of heads. */
const llamaLike = (biases: Biases): Omit<Family, 'architectures'> => ({
  prefix: 'model.',
  shape(config) {
    const heads = config.size('num_attention_heads');
    const keyValueHeads = config.size('num_key_value_heads', heads);
    if (heads % keyValueHeads !== 0)
      config.refuse(
        'num_key_value_heads',
        `is ${keyValueHeads}, which does not divide num_attention_heads, ${heads}`,
      );
    const headSize = config.has('head_dim')
      ? config.size('head_dim')
      : equalHeads(config, ['hidden_size', 'num_attention_heads']);
    return {
      causal: true,
      vocabulary: config.size('vocab_size'),
      width: config.size('hidden_size'),
      layers: config.size('num_hidden_layers'),
      ...{ heads, keyValueHeads, headSize },
      inner: config.size('intermediate_size'),
      context: config.size('max_position_embeddings'),
      positions: rotaryPositions(config, headSize, { theta: 'rope_theta', part: null }),
      tokenTypes: 0,
      norm: { kind: 'rms', epsilon: config.positive('rms_norm_eps', 1e-6) },
      residual: 'pre',
      activation: config.activation('hidden_act', 'silu'),
      gated: true,
      biases: biases(config),
      scores: { scaled: true, byLayer: false },
      head: { tied: config.flag('tie_word_embeddings', false), bias: false, transform: false },
    };
  },
  tensors({ width, vocabulary, layers, inner, heads, keyValueHeads, headSize, biases: has, head }) {
    const layer = (i: number): TensorPlan[] => {
      const [attention, mlp] = [`layers.${i}.self_attn`, `layers.${i}.mlp`];
      const queries = sideBySide(
        [`${attention}.q_proj`, heads * headSize],
        [`${attention}.k_proj`, keyValueHeads * headSize],
        [`${attention}.v_proj`, keyValueHeads * headSize],
      );
      const hidden = sideBySide([`${mlp}.gate_proj`, inner], [`${mlp}.up_proj`, inner]);
      const mixed = sideBySide([`${attention}.o_proj`, width]);
      return [
        ...norm(`layer${i}/attention`, `layers.${i}.input_layernorm`, width, false),
        ...dense(`layer${i}/attention/input`, width, queries, has.qkv),
        ...dense(`layer${i}/attention/output`, heads * headSize, mixed, has.attention),
        ...norm(`layer${i}/mlp`, `layers.${i}.post_attention_layernorm`, width, false),
        ...dense(`layer${i}/mlp/input`, width, hidden, has.mlp),
        ...dense(`layer${i}/mlp/output`, inner, sideBySide([`${mlp}.down_proj`, width]), has.mlp),
      ];
    };
    return [
      sameAs('embedding/tokens', EMBEDDING, [vocabulary, width]),
      ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
      ...norm('final', 'norm', width, false),
      ...(head!.tied ? [] : [sameAs('head/tokens', HEAD, [vocabulary, width])]),
    ];
  },
  twins: ({ head }) => (head!.tied ? [{ name: HEAD, of: EMBEDDING }] : []),
  passedOver: /^(layers\.\d+\.self_attn\.)?rotary_emb\.\w+$/,
});

export const llama: Family = {
  ...llamaLike((config) => {
    const attention = config.flag('attention_bias', false);
    return { qkv: attention, attention, mlp: config.flag('mlp_bias', false) };
  }),
  architectures: { LlamaForCausalLM: true, LlamaModel: true },
};

const qwen2Like = llamaLike(() => ({ qkv: true, attention: false, mlp: false }));

export const qwen2: Family = {
  ...qwen2Like,
  architectures: { Qwen2ForCausalLM: true, Qwen2Model: true },
  shape(config, head) {
    const windowed = config.flag('use_sliding_window', false);
    const kinds = config.texts('layer_types') ?? [];
    if (windowed)
      config.refuse('use_sliding_window', 'is true, and only attention to all tokens before is known');
    if (kinds.some((kind) => kind !== 'full_attention'))
      config.refuse('layer_types', 'has other kinds than full_attention, the only one that is known');
    return qwen2Like.shape(config, head);
  },
};
