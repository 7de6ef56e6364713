import { stopGradient, type TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** The smallest length that a vector is divided by, as PyTorch's `normalize` has it. */
const SMALLEST = 1e-12;

/** The name of the vector beside a kernel. */
const vectorOf = (kernel: string): string => `${kernel}/u`;

/**
 * Spectral normalisation (Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, algorithm 1) of a
 * kernel as the matrix W [outputs, all else]: W/σ, where σ = uᵀWv is found by one power iteration v ← Wᵀu/‖Wᵀu‖, u ←
 * Wv/‖Wv‖ from the vector u of the update before. u lies beside the kernel; the gradient takes u and v as constant. Every
 * forward pass of an update makes the same iteration, and the step then keeps its u (PyTorch iterates at each forward
 * pass in training).
 */
export class SpectralNorm {
  readonly parameters: readonly ParameterSpec[];
  readonly #kernel: string;

  /** @param outputs how many the kernel has. */
  constructor(kernel: string, outputs: number) {
    this.#kernel = kernel;
    // Its length does not matter: the iteration divides it out.
    this.parameters = [
      { name: vectorOf(kernel), shape: [outputs], fanIn: outputs, uses: 0, isDirection: true },
    ];
  }

  /** The kernel divided by its largest singular value. */
  forward<T extends Tensor>(tf: TensorFlow, parameters: Parameters): T {
    const kernel = parameters[this.#kernel] as T;
    const { u, v, matrix } = this.#iterate(tf, parameters);
    const sigma = tf.sum(tf.mul(tf.matMul(stopGradient(tf, v) as Tensor2D, matrix), stopGradient(tf, u)));
    return tf.div(kernel, sigma);
  }

  /** The vector after the iteration, by its name. */
  advance(tf: TensorFlow, parameters: Parameters): Parameters {
    const { u } = this.#iterate(tf, parameters);
    return { [vectorOf(this.#kernel)]: tf.reshape(u, [-1]) };
  }

  /** u [1, outputs], v [1, all else] and the kernel as Wᵀ [all else, outputs]. */
  #iterate(tf: TensorFlow, parameters: Parameters) {
    const kernel = parameters[this.#kernel];
    const outputs = kernel.shape[kernel.shape.length - 1];
    const matrix = tf.reshape(kernel, [-1, outputs]) as Tensor2D;
    const unit = (x: Tensor2D): Tensor2D => tf.div(x, tf.maximum(tf.sqrt(tf.sum(tf.square(x))), SMALLEST));
    const before = tf.reshape(parameters[vectorOf(this.#kernel)], [1, outputs]) as Tensor2D;
    const v = unit(tf.matMul(before, matrix, false, true));
    return { u: unit(tf.matMul(v, matrix)), v, matrix };
  }
}
