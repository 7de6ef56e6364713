import { z } from 'zod';
import { network } from './network.ts';
import { count, fraction } from './numbers.ts';
import { cql, munchausen, objective } from './objective.ts';
import { optimizer } from './optimizer.ts';
import { tokenQ } from './token-q.ts';

/** How the target network follows the online one, once an update. */
const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('soft').describe('a little of the online network at each update'),
    tau: fraction.default(0.005).describe('θ⁻ ← τθ + (1−τ)θ⁻ (Lillicrap et al., 2016)'),
    publish: z
      .boolean()
      .default(false)
      .describe('actors and evaluations get θ⁻, the mean of the last weights, in place of the newest ones'),
  }),
  z.strictObject({
    kind: z.literal('hard').describe('a copy of it now and then'),
    every: count.default(500).describe('updates between copies (Mnih et al., 2015)'),
  }),
  z.strictObject({
    kind: z.literal('stochastic').describe('a copy of it at random updates'),
    probability: fraction.default(0.002).describe('chance of a copy at each update'),
  }),
]);

/** What a network with a memory is trained on. */
const sequence = z.strictObject({
  burnIn: z
    .int()
    .min(0)
    .max(1_024)
    .default(40)
    .describe('steps before those, which only bring the memory up to date'),
  length: z.int().min(1).max(1_024).default(80).describe('steps to train on'),
  stride: z.int().min(1).max(1_024).default(40).describe('steps between the beginnings of two sequences'),
});

/** How what is trained by gradients learns, whatever it learns from. */
const learning = {
  network: network.prefault({ kind: 'mlp' }),
  discount: fraction.default(0.99).describe('γ'),
  rewardClip: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('largest |reward| of a step; null: any'),
  rewardScale: z.number().positive().default(1).describe('factor of each reward, after rewardClip'),
  learningRate: z.number().positive().max(1).default(5e-4).describe('of the optimizer'),
  learningRateDecay: fraction
    .default(1)
    .describe('the last rate as a part of the first, reached at stop.maxUpdates'),
  learningRateSchedule: z
    .enum(['linear', 'cosine'])
    .default('linear')
    .describe('how the rate falls to that part'),
  learningRateWarmup: z.int().min(0).default(0).describe('updates over which the rate rises linearly first'),
  adamEpsilon: z.number().positive().default(1e-8).describe('added to √v̂ by Adam, AdamW and RAdam'),
  gradientClip: z.number().positive().nullable().default(10).describe('largest global norm; null: none'),
};

const dqn = z.strictObject({
  kind: z.literal('dqn').describe('a Q-network that learns from a replay (Mnih et al., 2015)'),
  ...learning,
  nSteps: z.int().min(1).max(64).default(1).describe('steps of reward before the bootstrap'),
  doubleQ: z.boolean().default(true).describe('argmax by the online network (van Hasselt et al., 2016)'),
  objective: objective.prefault({ kind: 'expected' }),
  loss: z
    .enum(['huber', 'mse'])
    .default('huber')
    .describe('of the objective expected: Huber’s, or the squared error'),
  huberKappa: z
    .number()
    .positive()
    .default(1)
    .describe('κ of the loss huber: squared within ±κ, linear beyond (Huber, 1964)'),
  munchausen: munchausen
    .nullable()
    .default(null)
    .describe('Vieillard et al., 2020; null: the target is that of Q-learning'),
  valueRescaling: z
    .number()
    .positive()
    .max(1)
    .nullable()
    .default(null)
    .describe('ε of h(x) = sign(x)(√(|x| + 1) − 1) + εx, in which values are learned (Pohlen et al., 2018)'),
  cql: cql.nullable().default(null).describe('Kumar et al., 2020, for learning from data; null: none'),
  batchSize: z.int().min(1).max(65_536).default(64).describe('transitions an update'),
  optimizer: optimizer.prefault({ kind: 'adam' }),
  target: target.prefault({ kind: 'soft' }),
  sequence: sequence
    .nullable()
    .default(null)
    .describe('what a row of a batch is: consecutive steps (Kapturowski et al., 2019); null: one transition'),
  updatesPerCall: z.int().min(1).max(64).default(8).describe('updates unrolled into one native call'),
});

const tabular = z.strictObject({
  kind: z.literal('tabular').describe('a table of values, for states that can be counted (Watkins, 1989)'),
  discount: fraction.default(0.99).describe('γ'),
  learningRate: z.number().positive().max(1).default(0.1).describe('α of Q ← Q + α(r + γ max Q′ − Q)'),
  initialQ: z.number().default(0).describe('start value; at the optimum or above it explores by optimism'),
  batchSize: z.int().min(1).max(65_536).default(64).describe('transitions an update'),
  updatesPerCall: z.int().min(1).max(64).default(8).describe('updates made in one call'),
});

/** Each part of a round is used whole: `checks.ts` sees that `minibatches` divides copies × steps. */
const pqn = z.strictObject({
  kind: z
    .literal('pqn')
    .describe('Gallici et al., 2024: rounds of fresh experience, without a replay or a target network'),
  ...learning,
  lambda: fraction
    .default(0.65)
    .describe('λ of the returns: 0 bootstraps after a step, 1 at the end of a round'),
  copies: z.int().min(1).max(65_536).default(128).describe('environments that play a round'),
  steps: z.int().min(1).max(4_096).default(32).describe('of each environment in a round'),
  epochs: z.int().min(1).max(64).default(2).describe('times that a round is learned from'),
  minibatches: z.int().min(1).max(1_024).default(32).describe('updates an epoch'),
  optimizer: optimizer.prefault({ kind: 'radam' }),
});

/** What learns. */
export const agent = z.discriminatedUnion('kind', [dqn, tabular, pqn, tokenQ]);
