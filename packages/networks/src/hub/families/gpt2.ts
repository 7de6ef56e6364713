import { dense, norm, sameAs, sideBySide, type TensorPlan } from '../tensor-plan.ts';
import type { Family } from './family.ts';
import { equalHeads } from './heads.ts';

const HEAD = 'lm_head.weight';
const EMBEDDING = 'wte.weight';

/** GPT-2: learned places, norms before, kernels as its `Conv1D` has them, [inputs, outputs]. */
export const gpt2: Family = {
  architectures: { GPT2LMHeadModel: true, GPT2Model: true },
  prefix: 'transformer.',
  shape(config) {
    if (config.flag('add_cross_attention', false))
      config.refuse('add_cross_attention', 'is true, and only models of one text are known');
    const width = config.size('n_embd');
    const heads = config.size('n_head');
    const headSize = equalHeads(config, ['n_embd', 'n_head']);
    return {
      causal: true,
      vocabulary: config.size('vocab_size'),
      ...{ width, heads, keyValueHeads: heads, headSize },
      layers: config.size('n_layer'),
      inner: config.size('n_inner', 4 * width),
      context: config.has('n_positions') ? config.size('n_positions') : config.size('n_ctx'),
      positions: { kind: 'learned' },
      tokenTypes: 0,
      norm: { kind: 'layer', epsilon: config.positive('layer_norm_epsilon', 1e-5) },
      residual: 'pre',
      activation: config.activation('activation_function', 'gelu_new'),
      gated: false,
      biases: { qkv: true, attention: true, mlp: true },
      scores: {
        scaled: config.flag('scale_attn_weights', true),
        byLayer: config.flag('scale_attn_by_inverse_layer_idx', false),
      },
      head: { tied: config.flag('tie_word_embeddings', true), bias: false, transform: false },
    };
  },
  tensors({ width, vocabulary, context, layers, inner, head }) {
    /** @param ours without the layer. */
    const kernel = (ours: string, inFile: string, inputs: number, outputs: number) =>
      dense(ours, inputs, sideBySide([inFile, outputs]), true, false);
    const layer = (i: number): TensorPlan[] => [
      ...norm(`layer${i}/attention`, `h.${i}.ln_1`, width, true),
      ...kernel(`layer${i}/attention/input`, `h.${i}.attn.c_attn`, width, 3 * width),
      ...kernel(`layer${i}/attention/output`, `h.${i}.attn.c_proj`, width, width),
      ...norm(`layer${i}/mlp`, `h.${i}.ln_2`, width, true),
      ...kernel(`layer${i}/mlp/input`, `h.${i}.mlp.c_fc`, width, inner),
      ...kernel(`layer${i}/mlp/output`, `h.${i}.mlp.c_proj`, inner, width),
    ];
    return [
      sameAs('embedding/tokens', EMBEDDING, [vocabulary, width]),
      sameAs('embedding/positions', 'wpe.weight', [context, width]),
      ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
      ...norm('final', 'ln_f', width, true),
      ...(head!.tied ? [] : [sameAs('head/tokens', HEAD, [vocabulary, width])]),
    ];
  },
  twins: ({ head }) => (head!.tied ? [{ name: HEAD, of: EMBEDDING }] : []),
  passedOver: /^h\.\d+\.attn\.(bias|masked_bias)$/,
};
