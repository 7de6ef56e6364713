import type { NetworkConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

/** An observation as an image. Stacked frames and their own channels become its channels. */
export interface Image {
  readonly height: number;
  readonly width: number;
  /** Channels of one frame. */
  readonly depth: number;
  readonly frames: number;
}

/**
 * @param kind that of the network's configuration.
 * @throws Error when the observations are no images [height, width] or [height, width, channels].
 */
export function imageOf({ shape, count, frames }: StateSpec, kind: NetworkConfig['kind']): Image {
  const [height, width, depth = 1] = shape;
  if (count !== undefined || shape.length < 2 || shape.length > 3) {
    throw new Error(
      `agent.network.kind is ${kind}, which takes images [height, width] or [height, width, channels], and this ` +
        `environment gives ${count === undefined ? `[${shape}]` : `one of ${count}`}: ` +
        'take agent.network.kind mlp.',
    );
  }
  return { height, width, depth, frames };
}

/**
 * The frames of a pixel side by side, as its channels.
 *
 * @param states [rows, height, width, channels], or [rows, frames, height, width, channels].
 * @returns float32 [rows, height, width, frames × channels].
 */
export function asChannels(
  tf: TensorFlow,
  { height, width, depth, frames }: Image,
  states: Tensor,
): Tensor4D {
  const x = tf.cast(states, 'float32');
  if (frames === 1) return tf.reshape(x, [-1, height, width, depth]);
  const apart = tf.reshape(x, [-1, frames, height, width, depth]);
  return tf.reshape(tf.transpose(apart, [0, 2, 3, 1, 4]), [-1, height, width, frames * depth]);
}
