import type { StateSpec } from '@qfleet/spaces';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { HiddenLayers } from '../layers/dense.ts';
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
 * @throws Error when the observations are no images, or too small ones.
 */
export function natureCnnTorso(spec: StateSpec, hidden: readonly number[]): Torso {
  const image = imageOf(spec, 'nature-cnn');
  const convolutions = convolutionSpecs(image, spec);
  const layers = new HiddenLayers(convolutions.features, hidden);
  return {
    parameters: [...convolutions.specs, ...layers.parameters],
    width: layers.width,
    forward: (tf, parameters, states) => {
      const features = convolve(tf, image, spec.dtype === 'uint8', parameters, states);
      return layers.forward(tf, parameters, features);
    },
  };
}

/** @throws Error when the images are too small. */
function convolutionSpecs(image: Image, spec: StateSpec): { specs: ParameterSpec[]; features: number } {
  let { height, width } = image;
  let channels = image.depth * image.frames;
  const specs = LAYERS.flatMap(({ filters, size, stride }, i): ParameterSpec[] => {
    const fanIn = size * size * channels;
    const shape = [size, size, channels, filters];
    [height, width] = [height, width].map((extent) => Math.floor((extent - size) / stride) + 1);
    channels = filters;
    const uses = height * width;
    return [
      { name: `conv${i}/kernel`, shape, fanIn, uses },
      { name: `conv${i}/bias`, shape: [filters], fanIn, uses },
    ];
  });
  if (height < 1 || width < 1) throw new Error(tooSmall(spec));
  return { specs, features: height * width * channels };
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
 * @param states [rows, height, width, channels], or [rows, frames, height, width, channels].
 * @returns float32 [rows, features].
 */
function convolve(
  tf: TensorFlow,
  image: Image,
  bytes: boolean,
  parameters: Parameters,
  states: Tensor,
): Tensor2D {
  let x = asChannels(tf, image, states);
  for (const [i, { stride }] of LAYERS.entries()) {
    let kernel = parameters[`conv${i}/kernel`] as Tensor4D;
    // They are scaled in the kernel, which is smaller than a batch.
    if (i === 0 && bytes) kernel = tf.mul(kernel, 1 / 255);
    x = tf.relu(tf.add(tf.conv2d(x, kernel, stride, 'valid'), parameters[`conv${i}/bias`]));
  }
  return tf.reshape(x, [x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]]);
}
