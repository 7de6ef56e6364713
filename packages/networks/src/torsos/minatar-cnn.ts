import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvolutionLayer } from '../inference/convolution/layer.ts';
import { normsBeside } from '../inference/norm.ts';
import { HiddenLayers, type LayerOptions } from '../layers/dense.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { asChannels, imageOf } from './image.ts';
import type { Torso } from './torso.ts';

/** Height and width of the convolution's window, which moves by one cell, without padding. */
const SIZE = 3;

const NAME = 'conv0';
const KERNEL = `${NAME}/kernel`;
const BIAS = `${NAME}/bias`;

/** What this torso has beside the layers' options, which are the convolution's too. */
export interface MinAtarCnnOptions extends LayerOptions {
  /** Channels that the convolution makes. */
  readonly filters: number;
}

/**
 * The network of Young and Tian, "MinAtar: An Atari-Inspired Testbed for Thorough and Reproducible Reinforcement
 * Learning Experiments", 2019, section 3: one convolution with relu on a grid, then dense layers. Bytes are scaled by
 * the upper bound of their space, which is 1 for MinAtar's: they enter as they are.
 *
 * @param hidden the units of each dense layer.
 * @throws Error when the observations are no images, or too small ones.
 */
export function minAtarCnnTorso(
  spec: StateSpec,
  hidden: readonly number[],
  options: MinAtarCnnOptions,
): Torso {
  const { filters } = options;
  const image = imageOf(spec, 'minatar-cnn');
  const { height, width, frames } = image;
  if (height < SIZE || width < SIZE) {
    throw new Error(
      `agent.network.kind is minatar-cnn, which takes images of ${SIZE} × ${SIZE} and more, and this environment gives ` +
        `${height} × ${width}: take agent.network.kind mlp.`,
    );
  }
  const channels = image.depth * frames;
  const positions = (height - SIZE + 1) * (width - SIZE + 1);
  const fanIn = SIZE * SIZE * channels;
  const norm = options.layerNorm ? new LayerNorm(NAME, filters, positions) : null;
  const parameters: ParameterSpec[] = [
    { name: KERNEL, shape: [SIZE, SIZE, channels, filters], fanIn, uses: positions },
    { name: BIAS, shape: [filters], fanIn, uses: positions },
    ...(norm?.parameters ?? []),
  ];
  const layers = new HiddenLayers(positions * filters, hidden, options);
  const scale = spec.dtype === 'uint8' ? 1 / (spec.high || 255) : 1;
  const convolution = (tensors: NamedTensors): ConvolutionLayer => ({
    ...{ height, width, channels, frames, size: SIZE, filters, scale },
    kernel: tensors.get(KERNEL)!.data,
    bias: tensors.get(BIAS)!.data,
    ...(norm ? { norm: normsBeside(norm.layer(tensors), positions) } : {}),
  });
  return {
    parameters: [...parameters, ...layers.parameters],
    width: layers.width,
    forward: (tf, values, states) => layers.forward(tf, values, convolve(tf, values, states)),
    layers: (tensors) => ({ convolution: convolution(tensors), dense: layers.layers(tensors) }),
  };

  /** float32 [rows, positions × filters]. */
  function convolve(tf: TensorFlow, values: Parameters, states: Tensor): Tensor2D {
    const kernel = values[KERNEL] as Tensor4D;
    // Scaled in the kernel, which is smaller than a batch.
    const scaled = scale === 1 ? kernel : tf.mul(kernel, scale);
    const products = tf.conv2d(asChannels(tf, image, states), scaled as Tensor4D, 1, 'valid');
    const sums = tf.add(products, values[BIAS]);
    const normed = norm === null ? sums : norm.forward(tf, values, sums);
    return tf.reshape(tf.relu(normed), [-1, positions * filters]);
  }
}
