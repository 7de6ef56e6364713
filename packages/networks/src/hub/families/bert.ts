import { dense, norm, sameAs, sideBySide, type TensorPlan } from '../tensor-plan.ts';
import type { Family } from './family.ts';
import { equalHeads } from './heads.ts';

const EMBEDDING = 'embeddings.word_embeddings.weight';
const PREDICTIONS = 'cls.predictions';
const BIAS = `${PREDICTIONS}.bias`;
const DECODER_BIAS = `${PREDICTIONS}.decoder.bias`;

/** BERT: learned places and kinds of tokens, norms after, and a head that guesses hidden tokens. */
export const bert: Family = {
  architectures: { BertForMaskedLM: true, BertForPreTraining: true, BertModel: false },
  prefix: 'bert.',
  shape(config, head) {
    const kind = config.text('position_embedding_type', 'absolute');
    if (kind !== 'absolute') config.refuse('position_embedding_type', `is '${kind}': known is absolute`);
    for (const name of ['is_decoder', 'add_cross_attention'])
      if (config.flag(name, false)) config.refuse(name, 'is true, and of this kind only encoders are known');
    const heads = config.size('num_attention_heads');
    return {
      causal: false,
      vocabulary: config.size('vocab_size'),
      width: config.size('hidden_size'),
      layers: config.size('num_hidden_layers'),
      ...{
        heads,
        keyValueHeads: heads,
        headSize: equalHeads(config, ['hidden_size', 'num_attention_heads']),
      },
      inner: config.size('intermediate_size'),
      context: config.size('max_position_embeddings'),
      positions: { kind: 'learned' },
      tokenTypes: config.size('type_vocab_size', 2),
      norm: { kind: 'layer', epsilon: config.positive('layer_norm_eps', 1e-12) },
      residual: 'post',
      activation: config.activation('hidden_act', 'gelu'),
      gated: false,
      biases: { qkv: true, attention: true, mlp: true },
      scores: { scaled: true, byLayer: false },
      head: head ? { tied: config.flag('tie_word_embeddings', true), bias: true, transform: true } : null,
    };
  },
  tensors({ width, vocabulary, context, tokenTypes, layers, inner, head }) {
    const plain = (ours: string, inFile: string, inputs: number, outputs: number) =>
      dense(ours, inputs, sideBySide([inFile, outputs]), true);
    const layer = (i: number): TensorPlan[] => {
      const inFile = `encoder.layer.${i}`;
      const self = `${inFile}.attention.self`;
      const queries = sideBySide([`${self}.query`, width], [`${self}.key`, width], [`${self}.value`, width]);
      return [
        ...norm(`layer${i}/attention`, `${inFile}.attention.output.LayerNorm`, width, true),
        ...dense(`layer${i}/attention/input`, width, queries, true),
        ...plain(`layer${i}/attention/output`, `${inFile}.attention.output.dense`, width, width),
        ...norm(`layer${i}/mlp`, `${inFile}.output.LayerNorm`, width, true),
        ...plain(`layer${i}/mlp/input`, `${inFile}.intermediate.dense`, width, inner),
        ...plain(`layer${i}/mlp/output`, `${inFile}.output.dense`, inner, width),
      ];
    };
    const predictions =
      head === null
        ? []
        : [
            ...plain('head/dense', `${PREDICTIONS}.transform.dense`, width, width),
            ...norm('head', `${PREDICTIONS}.transform.LayerNorm`, width, true),
            ...(head.tied
              ? []
              : [sameAs('head/tokens', `${PREDICTIONS}.decoder.weight`, [vocabulary, width])]),
            sameAs('head/bias', head.tied ? BIAS : DECODER_BIAS, [vocabulary]),
          ];
    return [
      sameAs('embedding/tokens', EMBEDDING, [vocabulary, width]),
      sameAs('embedding/positions', 'embeddings.position_embeddings.weight', [context, width]),
      sameAs('embedding/types', 'embeddings.token_type_embeddings.weight', [tokenTypes, width]),
      ...norm('embedding', 'embeddings.LayerNorm', width, true),
      ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
      ...predictions,
    ];
  },
  twins: ({ head }) => {
    if (head === null) return [];
    // Where the head has vectors of its own, transformers reads its decoder's bias and leaves the other one unused.
    if (!head.tied) return [{ name: BIAS, of: DECODER_BIAS, mayDiffer: true }];
    return [
      { name: `${PREDICTIONS}.decoder.weight`, of: EMBEDDING },
      { name: DECODER_BIAS, of: BIAS },
    ];
  },
  // The pooler and the guess whether one text follows another are heads too.
  passedOver:
    /^(embeddings\.(position_ids|token_type_ids)|pooler\.dense\.(weight|bias)|cls\.seq_relationship\.(weight|bias))$/,
  newName: (name) =>
    name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias'),
};
