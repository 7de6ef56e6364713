import { z } from 'zod';
import { count, custom } from './numbers.ts';

/** The size of a dense layer. */
const units = count.max(65_536);

/** What lies between the hidden layers and the head. */
const core = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('nothing: what is seen is all there is') }),
    z.strictObject({
      kind: z
        .literal('lstm')
        .describe('remembers over the steps of an episode (Hochreiter and Schmidhuber, 1997)'),
      units: count.max(4_096).default(128).describe('of its memory'),
    }),
  ])
  .prefault({ kind: 'none' });

/** What every network may have. */
const layers = {
  dueling: z.boolean().default(false).describe('V(s) + A(s,a) − mean A (Wang et al., 2016)'),
  layerNorm: z
    .boolean()
    .default(false)
    .describe(
      'normalises each hidden layer before its relu, a convolution over its channels (Ba et al., 2016)',
    ),
  noisy: z
    .strictObject({
      sigma: z.number().positive().default(0.5).describe('σ₀ of factorised noise: σ starts at σ₀/√inputs'),
    })
    .nullable()
    .default(null)
    .describe(
      'noise in the weights of all dense layers, in place of ε (Fortunato et al., 2018); evaluations play their means',
    ),
  initialization: z
    .enum(['lecun-uniform', 'orthogonal', 'he'])
    .default('lecun-uniform')
    .describe(
      'start values: uniform on ±1/√inputs; or kernels orthogonal (Saxe et al., 2014) or normal by He et al., 2015, with ' +
        'gain √2 before relu and biases 0',
    ),
  core,
};

/** The fields that every torso has, with one meaning for all. */
export const SHARED_BY_TORSOS: readonly string[] = Object.keys(layers);

/** A multilayer perceptron over the flattened observation (a Discrete observation enters one-hot). */
const mlp = z.strictObject({
  kind: z.literal('mlp').describe('dense layers over the flattened observation'),
  hidden: z.array(units).min(1).max(8).default([128, 128]).describe('units of each hidden layer'),
  ...layers,
});

/** Convolutions over images [height, width, channels] (uint8 is scaled by 1/255), then dense layers. */
const natureCnn = z.strictObject({
  kind: z.literal('nature-cnn').describe('the convolutions of Mnih et al., 2015'),
  hidden: z.array(units).min(1).max(8).default([512]).describe('units of each hidden layer after them'),
  ...layers,
});

/** One small convolution over grids [height, width, channels] (uint8 is scaled by 1/high), then dense layers. */
const minAtarCnn = z.strictObject({
  kind: z.literal('minatar-cnn').describe('the network of Young and Tian, 2019'),
  filters: z.int().min(1).max(1_024).default(16).describe('of its one convolution, 3 × 3'),
  hidden: z.array(units).min(1).max(8).default([128]).describe('units of each hidden layer after it'),
  ...layers,
});

/** The residual network of IMPALA over images, then dense layers. */
const impala = z.strictObject({
  kind: z.literal('impala').describe('the residual network of Espeholt et al., 2018'),
  width: z.int().min(1).max(16).default(1).describe('by what its 16, 32 and 32 channels are multiplied'),
  spectralNorm: z
    .boolean()
    .default(false)
    .describe('normalises the convolutions of residual units spectrally (Miyato et al., 2018)'),
  pool: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe('side of the grid that features are max-pooled to; null: none'),
  hidden: z.array(units).min(1).max(8).default([256]).describe('units of each hidden layer after them'),
  ...layers,
});

/** Features of a torso that user code registers. */
const ownTorso = z.strictObject({
  ...custom('registerNetwork'),
  hidden: z
    .array(units)
    .min(1)
    .max(8)
    .default([128])
    .describe('units of each hidden layer, which it is given'),
  ...layers,
});

export const network = z.discriminatedUnion('kind', [mlp, natureCnn, minAtarCnn, impala, ownTorso]);
