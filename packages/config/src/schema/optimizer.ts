import { z } from 'zod';
import { custom } from './numbers.ts';

const momentum = z.number().min(0).lt(1);

/** How gradients change the parameters. */
export const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('adam').describe('Kingma and Ba, 2015'),
    beta1: momentum.default(0.9).describe('decay of the mean of gradients'),
    beta2: momentum.default(0.999).describe('decay of the mean of their squares'),
  }),
  z.strictObject({
    kind: z.literal('adamw').describe('Loshchilov and Hutter, 2019'),
    beta1: momentum.default(0.9).describe('decay of the mean of gradients'),
    beta2: momentum.default(0.999).describe('decay of the mean of their squares'),
    weightDecay: z
      .number()
      .min(0)
      .default(0.01)
      .describe('λ of θ ← θ − ηλθ, apart from the gradient; of kernels, not of biases and norms'),
  }),
  z.strictObject({
    kind: z.literal('radam').describe('Liu et al., 2020'),
    beta1: momentum.default(0.9).describe('decay of the mean of gradients'),
    beta2: momentum.default(0.999).describe('decay of the mean of their squares'),
  }),
  z.strictObject({
    kind: z.literal('rmsprop').describe('Tieleman and Hinton, 2012'),
    decay: momentum.default(0.99).describe('of the moving averages'),
    epsilon: z.number().positive().default(1e-8).describe('added to the root, or under it'),
    epsilonInsideRoot: z
      .boolean()
      .default(false)
      .describe('ε under the root, √(s + ε), as DQN’s (Mnih et al., 2015: centered, 0.01)'),
    momentum: momentum.default(0).describe('part of the last step that is made again'),
    centered: z.boolean().default(false).describe('by the variance, not the second moment (Graves, 2013)'),
  }),
  z.strictObject({
    kind: z.literal('sgd').describe('stochastic gradient descent'),
    momentum: momentum.default(0).describe('part of the last step that is made again'),
  }),
  z.strictObject(custom('registerOptimizer')),
]);
