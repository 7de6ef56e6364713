import type { StateSpec } from '@qfleet/spaces';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { HiddenLayers, type LayerOptions } from '../layers/dense.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { asChannels, type Image, imageOf } from './image.ts';
import type { Torso } from './torso.ts';

/** The convolutions of Mnih et al., 2015 (methods, "Model architecture"), each with relu and no padding. */
const LAYERS = [
  { filters: 32, size: 8, stride: 4 },
  { filters: 64, size: 4, stride: 2 },
  { filters: 64, size: 3, stride: 1 },
] as const;

/** Height and width of the smallest image that leaves something after all layers. */
const SMALLEST = 36;
/**
 * The convolutions of Mnih et al. (2015) on images, then dense layers.
 *
 * @param hidden the units of each dense layer.
 * @param options of them, and of the convolutions too.
 * @throws Error when the observations are no images, or too small ones.
 */
export function natureCnnTorso(
  spec: StateSpec,
  hidden: readonly number[],
  options: LayerOptions = {},
): Torso {
  const image = imageOf(spec, 'nature-cnn');
  const { specs, norms, features: width } = convolutionsOf(image, spec, options);
  const layers = new HiddenLayers(width, hidden, options);
  return {
    parameters: [...specs, ...layers.parameters],
    width: layers.width,
    forward: (tf, parameters, states) => {
      const features = convolve(tf, image, spec.dtype === 'uint8', norms, parameters, states);
      return layers.forward(tf, parameters, features);
    },
  };
}

/**
 * The parameters of the convolutions, their norms where there are such, and how many features they make.
 *
 * @throws Error when the images are too small.
 */
function convolutionsOf(image: Image, spec: StateSpec, { layerNorm = false }: LayerOptions) {
  let { height, width } = image;
  let channels = image.depth * image.frames;
  const norms: LayerNorm[] = [];
  const specs = LAYERS.flatMap(({ filters, size, stride }, i): ParameterSpec[] => {
    const fanIn = size * size * channels;
    const shape = [size, size, channels, filters];
    [height, width] = [height, width].map((extent) => Math.floor((extent - size) / stride) + 1);
    channels = filters;
    const uses = height * width;
    const norm = layerNorm ? new LayerNorm(`conv${i}`, filters, uses) : null;
    if (norm !== null) norms.push(norm);
    return [
      { name: `conv${i}/kernel`, shape, fanIn, uses },
      { name: `conv${i}/bias`, shape: [filters], fanIn, uses },
      ...(norm?.parameters ?? []),
    ];
  });
  if (height < 1 || width < 1) throw new Error(tooSmall(spec));
  return { specs, norms, features: height * width * channels };
}

/** The sentence for images that are too small, or whose channels are where the height belongs. */
function tooSmall({ shape: [first, second, third] }: StateSpec): string {
  const network = `agent.network.kind is nature-cnn, which takes images of ${SMALLEST} × ${SMALLEST} and more`;
  if (third !== undefined && first < second && first < third) {
    const [height, width, channels] = [second, third, first];
    const remedy =
      Math.min(height, width) < SMALLEST
        ? 'take agent.network.kind mlp'
        : `give the environment's observations as [${height}, ${width}, ${channels}]`;
    return (
      `${network} as [height, width, channels], and this environment gives [${first}, ${second}, ${third}], which ` +
      `looks like channels first: ${remedy}.`
    );
  }
  return `${network}, and this environment gives ${first} × ${second}: take agent.network.kind mlp.`;
}

/**
 * @param bytes whether the elements are bytes, which are scaled to [0, 1].
 * @param norms one after each convolution, or none.
 * @param states [rows, height, width, channels], or [rows, frames, height, width, channels].
 * @returns float32 [rows, features].
 */
function convolve(
  tf: TensorFlow,
  image: Image,
  bytes: boolean,
  norms: readonly LayerNorm[],
  parameters: Parameters,
  states: Tensor,
): Tensor2D {
  let x = asChannels(tf, image, states);
  for (const [i, { stride }] of LAYERS.entries()) {
    let kernel = parameters[`conv${i}/kernel`] as Tensor4D;
    // They are scaled in the kernel, which is smaller than a batch.
    if (i === 0 && bytes) kernel = tf.mul(kernel, 1 / 255);
    const sums = tf.add(tf.conv2d(x, kernel, stride, 'valid'), parameters[`conv${i}/bias`]) as Tensor4D;
    x = tf.relu(i in norms ? norms[i].forward(tf, parameters, sums) : sums);
  }
  return tf.reshape(x, [x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]]);
}
