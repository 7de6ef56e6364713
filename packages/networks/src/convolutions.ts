import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Parameters } from './forward.ts';
import type { ParameterSpec } from './parameters.ts';
import type { Signature } from './signature.ts';

/** The convolutions of Mnih et al., 2015 (methods, "Model architecture"), each with relu and no padding. */
const LAYERS = [
  { filters: 32, size: 8, stride: 4 },
  { filters: 64, size: 4, stride: 2 },
  { filters: 64, size: 3, stride: 1 },
] as const;

/** Height and width of the smallest image that leaves something after all layers. */
const SMALLEST = 36;

/** An observation as an image. Stacked frames and their own channels become its channels. */
interface Image {
  readonly height: number;
  readonly width: number;
  /** Of one frame. */
  readonly depth: number;
  readonly frames: number;
}

/** @throws Error when the observations are no images [height, width] or [height, width, channels]. */
function imageOf({ observationShape, observationCount, frames = 1 }: Signature): Image {
  const [height, width, depth = 1] = observationShape;
  if (observationCount !== undefined || observationShape.length < 2 || observationShape.length > 3) {
    throw new Error(
      'agent.network.kind is nature-cnn, which takes images [height, width] or [height, width, channels], and this ' +
        `environment gives ${observationCount === undefined ? `[${observationShape}]` : `one of ${observationCount}`}: ` +
        'take agent.network.kind mlp.',
    );
  }
  return { height, width, depth, frames };
}

/**
 * The parameters of the convolutions, and the number of features that come out of them.
 *
 * @throws Error when the observations are no images, or too small ones.
 */
export function convolutionSpecs(signature: Signature): { specs: ParameterSpec[]; features: number } {
  const image = imageOf(signature);
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
  if (height < 1 || width < 1) throw new Error(tooSmall(signature));
  return { specs, features: height * width * channels };
}

/** The sentence for images that are too small, or whose channels are where the height belongs. */
function tooSmall({ observationShape: [first, second, third] }: Signature): string {
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
 * The features of images: a pure function of tensors, as `forward`.
 *
 * @param observations [rows, height, width, channels], or [rows, frames, height, width, channels].
 * @returns float32 [rows, features].
 */
export function convolve(
  tf: TensorFlow,
  signature: Signature,
  parameters: Parameters,
  observations: Tensor,
): Tensor2D {
  const { height, width, depth, frames } = imageOf(signature);
  let x = tf.cast(observations, 'float32') as Tensor4D;
  if (frames > 1) {
    // The frames of a pixel side by side, as its channels.
    const apart = tf.reshape(x, [-1, frames, height, width, depth]);
    x = tf.reshape(tf.transpose(apart, [0, 2, 3, 1, 4]), [-1, height, width, frames * depth]);
  } else x = tf.reshape(x, [-1, height, width, depth]);
  for (const [i, { stride }] of LAYERS.entries()) {
    let kernel = parameters[`conv${i}/kernel`] as Tensor4D;
    // Bytes are scaled to [0, 1], in the kernel, which is the smaller of the two.
    if (i === 0 && signature.observationDType === 'uint8') kernel = tf.mul(kernel, 1 / 255);
    x = tf.relu(tf.add(tf.conv2d(x, kernel, stride, 'valid'), parameters[`conv${i}/bias`]));
  }
  return tf.reshape(x, [x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]]);
}
