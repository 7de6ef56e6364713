import { z } from 'zod';
import { count } from './numbers.ts';

/** The size of a dense layer. */
const units = count.max(65_536);

/** A multilayer perceptron over the flattened observation (a Discrete observation enters one-hot). */
const mlp = z.strictObject({
  kind: z.literal('mlp'),
  hidden: z.array(units).min(1).max(8).default([128, 128]).describe('units of each hidden layer'),
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
});

/** Convolutions over images [height, width, channels] (uint8 is scaled by 1/255), then dense layers. */
const natureCnn = z.strictObject({
  kind: z.literal('nature-cnn').describe('the convolutions of Mnih et al., 2015'),
  hidden: z.array(units).min(1).max(8).default([512]).describe('units of each hidden layer after them'),
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
});

/** One small convolution over grids [height, width, channels] (uint8 is scaled by 1/high), then dense layers. */
const minAtarCnn = z.strictObject({
  kind: z.literal('minatar-cnn').describe('the network of Young and Tian, 2019'),
  filters: z.int().min(1).max(1_024).default(16).describe('of its one convolution, 3 × 3'),
  hidden: z.array(units).min(1).max(8).default([128]).describe('units of each hidden layer after it'),
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
});

export const network = z.discriminatedUnion('kind', [mlp, natureCnn, minAtarCnn]);
