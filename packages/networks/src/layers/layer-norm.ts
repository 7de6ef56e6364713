import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Norm } from '../inference/norm.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** Added to the variance where nothing else is said: the one of flax's `LayerNorm`, with which PQN's published results were made. */
const EPSILON = 1e-6;

/**
 * Layer normalisation (Ba, Kiros and Hinton, "Layer Normalization", 2016, equation 4): y = g ⊙ (x − μ)/√(σ² + ε) + b,
 * with mean and variance over the last axis. That is all units of a dense layer; of a convolution the channels of each
 * position, as in PQN (Gallici et al., 2025), not the whole image.
 */
export class LayerNorm {
  readonly parameters: readonly ParameterSpec[];
  readonly #name: string;
  readonly #epsilon: number;

  /**
   * @param name that of the layer.
   * @param width the units that are normalised together.
   * @param uses as `ParameterSpec` has it.
   * @param epsilon added to the variance.
   */
  constructor(name: string, width: number, uses = 1, epsilon = EPSILON) {
    this.#name = name;
    this.#epsilon = epsilon;
    this.parameters = [
      { name: `${name}/norm/gain`, shape: [width], fanIn: width, uses, start: 1 },
      { name: `${name}/norm/bias`, shape: [width], fanIn: width, uses, start: 0 },
    ];
  }

  /** Normalises float32 [..., width] to the same shape. */
  forward<T extends Tensor>(tf: TensorFlow, parameters: Parameters, x: T): T {
    const gain = parameters[`${this.#name}/norm/gain`];
    const bias = parameters[`${this.#name}/norm/bias`];
    return tf.add(tf.mul(standardized(tf, x, this.#epsilon), gain), bias);
  }

  /** The same for inference without tfjs. */
  layer(tensors: NamedTensors): Norm {
    return {
      groups: 1,
      gain: tensors.get(`${this.#name}/norm/gain`)!.data,
      bias: tensors.get(`${this.#name}/norm/bias`)!.data,
      epsilon: this.#epsilon,
    };
  }
}

/**
 * x̂ = (x − μ)/√(σ² + ε) over the last axis. Its gradient is given, (d − mean d − x̂·mean(d·x̂))/√(σ² + ε): tfjs's chain
 * rule takes three times as many operations to find it.
 */
function standardized<T extends Tensor>(tf: TensorFlow, x: T, epsilon: number): T {
  const standardize = tf.customGrad((input, save) => {
    const given = input as Tensor;
    const centred = tf.sub(given, tf.mean(given, -1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const value = tf.mul(centred, scale);
    (save as (tensors: Tensor[]) => void)([value, scale]);
    return {
      value,
      gradFunc: (d: Tensor, [y, inverse]: Tensor[]) => {
        const along = tf.mul(y, tf.mean(tf.mul(d, y), -1, true));
        return tf.mul(tf.sub(tf.sub(d, tf.mean(d, -1, true)), along), inverse);
      },
    };
  });
  return standardize(x) as T;
}
