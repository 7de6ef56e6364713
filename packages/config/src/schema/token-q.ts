import { z } from 'zod';
import { count, fraction } from './numbers.ts';
import { cql } from './objective.ts';
import { optimizer } from './optimizer.ts';

/** What the heads of values start as, and what their learning does to the decoder. */
const valueHeads = {
  valueStart: z.number().default(0).describe('what Q and V are before the first update'),
  valueGradient: fraction
    .default(1)
    .describe(
      'the part of the gradient of Q and V that goes on into the decoder; 0: they learn from its features alone',
    ),
};

/** A decoder in Llama's way: rotary positions, RMSNorm, SwiGLU, the head tied to the embedding. */
const decoder = z.strictObject({
  kind: z.literal('decoder').describe('a Transformer that reads from left to right (Touvron et al., 2023)'),
  layers: z.int().min(1).max(128).default(2).describe('of attention and a hidden layer each'),
  width: z.int().min(2).max(16_384).default(64).describe('features of a token; an even number for each head'),
  heads: z.int().min(1).max(256).default(4).describe('of attention'),
  ...valueHeads,
});

/** A decoder that has learned before, with its tokenizer, as a directory of Hugging Face's format holds them. */
const model = z.strictObject({
  kind: z.literal('model').describe('a given decoder, whose tokenizer becomes the run’s'),
  directory: z
    .string()
    .min(1)
    .describe('where config.json, model.safetensors and tokenizer.json are; a run has its own copy'),
  context: z
    .int()
    .min(2)
    .max(1 << 20)
    .nullable()
    .default(null)
    .describe('tokens that are read at once; null: as many as the model takes'),
  ...valueHeads,
});

/** What is learned of a dialogue's tokens. */
const objective = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sft').describe('the language model alone: agent.languageWeight') }),
  z.strictObject({ kind: z.literal('mc').describe('Q of the policy that made the data: returns to go') }),
  z.strictObject({
    kind: z.literal('ilql').describe('implicit language Q-learning (Snell et al., 2023)'),
    expectile: z
      .number()
      .min(0)
      .max(1)
      .default(0.7)
      .describe('τ: 0.5 is the mean over the data’s tokens, near 1 the best of them'),
  }),
  z.strictObject({
    kind: z.literal('dqn').describe('Q-learning over tokens (Mnih et al., 2015)'),
    doubleQ: z.boolean().default(true).describe('argmax by the online network (van Hasselt et al., 2016)'),
  }),
]);

const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('soft').describe('a little of the online network at each update'),
    tau: fraction.default(0.005).describe('θ⁻ ← τθ + (1−τ)θ⁻ (Lillicrap et al., 2016)'),
  }),
  z.strictObject({
    kind: z.literal('hard').describe('a copy of it now and then'),
    every: count.default(500).describe('updates between copies (Mnih et al., 2015)'),
  }),
]);

/** The episodes that a task makes, or a file holds. */
const data = z.strictObject({
  episodes: count.nullable().default(null).describe('how many the task makes; null: its own number'),
  best: fraction
    .default(1)
    .describe('the part of them, of the highest returns, that is learned from; 1: all (filtered SFT: less)'),
  updates: count
    .nullable()
    .default(null)
    .describe('made of them before actors play, apart from the run’s own; null: nothing is played'),
});

/** The language model that another is kept near: as it was when the run began, or when `pretraining` ended. */
const reference = z.strictObject({
  weight: z
    .number()
    .positive()
    .default(1)
    .describe(
      'of the Kullback-Leibler divergence from that model to this one, in nats a token (Hinton et al., 2015)',
    ),
});

/** Q-learning over the tokens of dialogues. */
export const tokenQ = z.strictObject({
  kind: z.literal('token-q').describe('a language model with values of tokens: environments that speak'),
  network: z.discriminatedUnion('kind', [decoder, model]).prefault({ kind: 'decoder' }),
  objective: objective.prefault({ kind: 'ilql' }),
  data: data
    .nullable()
    .default(null)
    .describe('recorded dialogues that are learned from; null: only those that actors have'),
  pretraining: z
    .int()
    .min(0)
    .default(0)
    .describe('updates at first, of recorded dialogues, in which the language model alone learns'),
  languageWeight: z
    .number()
    .min(0)
    .default(1)
    .describe('weight of the cross-entropy of the agent’s tokens in the loss'),
  reference: reference
    .nullable()
    .default(null)
    .describe('keeps the language model near what it was when its own dialogues began; null: nothing does'),
  cql: cql.nullable().default(null).describe('Kumar et al., 2020, over the vocabulary; null: none'),
  valueLoss: z.enum(['huber', 'mse']).default('mse').describe('of Q: Huber’s, or half the squared error'),
  huberKappa: z.number().positive().default(1).describe('κ of Huber’s loss'),
  twin: z.boolean().default(true).describe('two heads Q, of which the lesser counts'),
  nSteps: z
    .int()
    .min(1)
    .max(1_024)
    .default(1)
    .describe('tokens of the agent whose rewards are summed before the bootstrap'),
  discount: fraction.default(0.99).describe('γ'),
  discountPer: z
    .enum(['token', 'turn'])
    .default('turn')
    .describe('what γ is applied once for: each token of the agent, or each of its utterances'),
  rewardClip: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('largest |reward| of a turn; null: any'),
  rewardScale: z.number().positive().default(1).describe('factor of each reward, after rewardClip'),
  beta: z.number().min(0).default(16).describe('β of π·exp(β(Q − V)), by which tokens are drawn'),
  decode: z
    .enum(['sample', 'greedy'])
    .default('sample')
    .describe('how evaluations choose tokens: drawn by π·exp(β(Q − V)), or the likeliest of that'),
  among: count
    .nullable()
    .default(null)
    .describe(
      'the language model’s likeliest legal tokens, of which alone one is chosen, by actors and in DQN’s targets; null: all',
    ),
  batchSize: z
    .int()
    .min(16)
    .max(1 << 20)
    .default(2_048)
    .describe('tokens an update, padding included'),
  learningRate: z.number().positive().max(1).default(1e-3).describe('of the optimizer'),
  learningRateDecay: fraction
    .default(1)
    .describe('the last rate as a part of the first, reached at stop.maxUpdates'),
  learningRateSchedule: z
    .enum(['linear', 'cosine'])
    .default('linear')
    .describe('how the rate falls to that part'),
  learningRateWarmup: z.int().min(0).default(0).describe('updates over which the rate rises linearly first'),
  adamEpsilon: z.number().positive().default(1e-8).describe('added to √v̂ by Adam, AdamW and RAdam'),
  gradientClip: z.number().positive().nullable().default(1).describe('largest global norm; null: none'),
  optimizer: optimizer.prefault({ kind: 'adam' }),
  target: target.prefault({ kind: 'soft' }),
});
