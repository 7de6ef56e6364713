import { z } from 'zod';
import { count, custom } from './numbers.ts';

/** The range of values that a histogram covers. */
const support = {
  low: z.number().default(-10).describe('the least value that it can say'),
  high: z.number().default(10).describe('the largest value that it can say'),
};

/** Where the Huber loss of a quantile turns from squared to linear. */
const kappa = z.number().min(0).default(1).describe('κ of its Huber loss; 0: plain quantile regression');

/** What a network is trained for. */
export const objective = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('expected').describe('the mean return, by agent.loss (Mnih et al., 2015)'),
  }),
  z.strictObject({
    kind: z.literal('c51').describe('the return’s distribution on fixed atoms (Bellemare et al., 2017)'),
    atoms: z.int().min(2).max(1_024).default(51).describe('evenly spaced from low to high'),
    ...support,
  }),
  z.strictObject({
    kind: z.literal('qr').describe('quantiles of the return (QR-DQN, Dabney et al., 2018)'),
    quantiles: z.int().min(1).max(1_024).default(200).describe('N: at the middles of N equal parts'),
    kappa,
  }),
  z.strictObject({
    kind: z
      .literal('iqn')
      .describe('the return’s quantile function at drawn levels (IQN, Dabney et al., 2018b)'),
    samples: count.max(1_024).default(8).describe('N: levels of the values that learn'),
    targetSamples: count.max(1_024).default(8).describe('N′: levels of the target'),
    actingSamples: count
      .max(1_024)
      .default(32)
      .describe('K: levels of which the mean is Q; the middles of equal parts'),
    cosines: count.max(1_024).default(64).describe('n: of the embedding of a level'),
    kappa,
  }),
  z.strictObject({
    kind: z
      .literal('hl-gauss')
      .describe('the mean return as a histogram, by cross entropy (Farebrother et al., 2024)'),
    bins: z.int().min(2).max(1_024).default(51).describe('of equal width from low to high'),
    ...support,
    sigma: z.number().positive().default(0.75).describe('σ of the target’s Gaussian, in widths of a bin'),
  }),
  z.strictObject(custom('registerObjective')),
]);

/** The entropy-regularised target of Munchausen-DQN. */
export const munchausen = z.strictObject({
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe('the part of τ·ln π(a | s) that is added to the reward'),
  tau: z.number().positive().default(0.03).describe('τ: the temperature of π, in units of Q'),
  clip: z.number().max(0).default(-1).describe('the least that τ·ln π(a | s) counts as'),
});

/** Conservative Q-learning's term. */
export const cql = z.strictObject({
  alpha: z.number().positive().default(1).describe('the weight of ln Σ exp Q(s, ·) − Q(s, a) in the loss'),
});
