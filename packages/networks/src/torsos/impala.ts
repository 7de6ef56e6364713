import type { StateSpec } from '@qfleet/spaces';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { adaptiveMaxPool } from '../layers/adaptive-max-pool.ts';
import { HiddenLayers, type LayerOptions } from '../layers/dense.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import { SpectralNorm } from '../layers/spectral-norm.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { asChannels, imageOf } from './image.ts';
import type { Torso } from './torso.ts';

/** Channels of the blocks, before the width factor. */
const CHANNELS = [16, 32, 32] as const;
/** Residual units of a block, of two convolutions each. */
const UNITS = 2;
/** Height and width of the convolutions. */
const SIZE = 3;

/** What this torso may have beside the layers' options. */
export interface ImpalaOptions extends LayerOptions {
  /** By what the channels are multiplied. */
  readonly width: number;
  /** Whether the convolutions of the residual units are spectrally normalised. */
  readonly spectralNorm: boolean;
  /** The side of the grid that the last block's features are max-pooled to; null: they stay as they are. */
  readonly pool: number | null;
}

/**
 * The residual network of Espeholt et al., "IMPALA", 2018 (figure 3, right), without its LSTM: three blocks, each a
 * convolution, max-pooling of 3 × 3 by steps of 2 (padded as TensorFlow's "same"), and two residual units x + conv(relu(
 * conv(relu(x)))); then relu and dense layers. Clark et al., "Beyond the Rainbow", 2024, double the channels, normalise the
 * residual units spectrally, and pool to 6 × 6.
 *
 * @param hidden the units of each dense layer.
 * @throws Error when the observations are no images.
 */
export function impalaTorso(spec: StateSpec, hidden: readonly number[], options: ImpalaOptions): Torso {
  const { width, pool } = options;
  const image = imageOf(spec, 'impala');
  let [rows, columns, channels] = [image.height, image.width, image.depth * image.frames];
  const blocks = CHANNELS.map((filters, i) => {
    const wide = filters * width;
    const entry = new Convolution(`block${i}/conv`, channels, wide, rows * columns, {
      ...options,
      spectralNorm: false,
    });
    [rows, columns, channels] = [Math.ceil(rows / 2), Math.ceil(columns / 2), wide];
    const units = Array.from({ length: UNITS }, (_, unit) =>
      [0, 1].map(
        (n) => new Convolution(`block${i}/unit${unit}/conv${n}`, wide, wide, rows * columns, options),
      ),
    );
    return { entry, units };
  });
  const convolutions = blocks.flatMap(({ entry, units }) => [entry, ...units.flat()]);
  const features = channels * (pool === null ? rows * columns : pool * pool);
  const layers = new HiddenLayers(features, hidden, options);
  const bytes = spec.dtype === 'uint8';

  /** float32 [rows, features]. */
  const convolve = (tf: TensorFlow, parameters: Parameters, states: Tensor4D): Tensor2D => {
    let x = states;
    for (const { entry, units } of blocks) {
      x = tf.maxPool(entry.forward(tf, parameters, x), SIZE, 2, 'same');
      for (const [first, second] of units) {
        const inner = first.forward(tf, parameters, tf.relu(x));
        x = tf.add(x, second.forward(tf, parameters, tf.relu(inner)));
      }
    }
    const pooled = pool === null ? x : adaptiveMaxPool(tf, x, pool);
    return tf.reshape(tf.relu(pooled), [-1, features]);
  };
  return {
    parameters: [...convolutions.flatMap(({ parameters }) => parameters), ...layers.parameters],
    width: layers.width,
    forward: (tf, parameters, states) => {
      const pixels = asChannels(tf, image, states);
      const scaled = bytes ? (tf.mul(pixels, 1 / 255) as Tensor4D) : pixels;
      return layers.forward(tf, parameters, convolve(tf, parameters, scaled));
    },
    advance: (tf, parameters) =>
      Object.assign({}, ...convolutions.map((each) => each.spectral?.advance(tf, parameters) ?? {})),
  };
}

/** A convolution of 3 × 3 that keeps height and width, normalised where it is asked for. */
class Convolution {
  readonly parameters: readonly ParameterSpec[];
  readonly spectral: SpectralNorm | null;
  readonly #name: string;
  readonly #norm: LayerNorm | null;

  constructor(
    name: string,
    inputs: number,
    outputs: number,
    uses: number,
    { spectralNorm, layerNorm = false }: Pick<ImpalaOptions, 'spectralNorm' | 'layerNorm'>,
  ) {
    const fanIn = SIZE * SIZE * inputs;
    this.#name = name;
    this.spectral = spectralNorm ? new SpectralNorm(`${name}/kernel`, outputs) : null;
    this.#norm = layerNorm ? new LayerNorm(name, outputs, uses) : null;
    this.parameters = [
      { name: `${name}/kernel`, shape: [SIZE, SIZE, inputs, outputs], fanIn, uses },
      { name: `${name}/bias`, shape: [outputs], fanIn, uses },
      ...(this.spectral?.parameters ?? []),
      ...(this.#norm?.parameters ?? []),
    ];
  }

  forward(tf: TensorFlow, parameters: Parameters, x: Tensor4D): Tensor4D {
    const kernel =
      this.spectral === null
        ? (parameters[`${this.#name}/kernel`] as Tensor4D)
        : this.spectral.forward<Tensor4D>(tf, parameters);
    const sums = tf.add(tf.conv2d(x, kernel, 1, 'same'), parameters[`${this.#name}/bias`]) as Tensor4D;
    return this.#norm === null ? sums : this.#norm.forward(tf, parameters, sums);
  }
}
