import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/**
 * Root mean square normalisation (Zhang and Sennrich, "Root mean square layer normalization", 2019, equation 4): y = g ⊙
 * x/√(mean x² + ε), over the last axis.
 */
export class RmsNorm {
  readonly parameters: readonly ParameterSpec[];
  readonly #name: string;
  readonly #epsilon: number;

  /**
   * @param name that of the layer.
   * @param width the units that are normalised together.
   * @param epsilon added to the mean of the squares.
   */
  constructor(name: string, width: number, epsilon: number) {
    this.#name = `${name}/norm/gain`;
    this.#epsilon = epsilon;
    this.parameters = [{ name: this.#name, shape: [width], fanIn: width, uses: 1, start: 1 }];
  }

  /** Normalises float32 [..., width] to the same shape. */
  forward<T extends Tensor>(tf: TensorFlow, parameters: Parameters, x: T): T {
    return tf.mul(scaled(tf, x, this.#epsilon), parameters[this.#name]);
  }
}

/** x̂ = x/√(mean x² + ε) over the last axis, with its gradient (d − x̂·mean(d·x̂))/√(mean x² + ε). */
function scaled<T extends Tensor>(tf: TensorFlow, x: T, epsilon: number): T {
  const scale = tf.customGrad((input, save) => {
    const given = input as Tensor;
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(given), -1, true), epsilon));
    const value = tf.mul(given, inverse);
    (save as (tensors: Tensor[]) => void)([value, inverse]);
    return {
      value,
      gradFunc: (d: Tensor, [y, root]: Tensor[]) =>
        tf.mul(tf.sub(d, tf.mul(y, tf.mean(tf.mul(d, y), -1, true))), root),
    };
  });
  return scale(x) as T;
}
