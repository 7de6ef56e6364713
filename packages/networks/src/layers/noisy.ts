import type { Random } from '@qfleet/random';
import { type NamedTensors, randomNormal, type TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Network } from '../network.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';

/** A dense layer whose weights are noisy. */
interface NoisyLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

const sigmaOf = (parameter: string): string => `${parameter}/sigma`;

/**
 * A network whose dense layers are noisy (Fortunato et al., "Noisy Networks for Exploration", 2018): w = μ + σ ⊙ ε with
 * factorised Gaussian noise, ε = f(εᵢ)·f(εⱼ) for a kernel and f(εⱼ) for a bias, f(x) = sgn(x)·√|x| (equations 9 to 11). σ
 * starts at σ₀/√inputs. Noise is drawn where a seed or a generator of it is given; else the weights are their means μ, which
 * keep the names of the plain ones.
 *
 * @param layers the parameters of the parts whose dense layers become noisy: a kernel [in, out] with its bias, unless it is noiseless.
 * @param sigma σ₀.
 */
export function noisyNetwork(network: Network, layers: readonly ParameterSpec[], sigma: number): Network {
  const noisy = denseLayersOf(layers);
  return {
    ...network,
    parameters: [...network.parameters, ...noisy.flatMap((layer) => sigmas(layer, sigma))],
    forward: (tf, parameters, input) => {
      const { noise } = input;
      const used = noise === undefined ? parameters : disturbed(tf, noisy, parameters, noise);
      return network.forward(tf, used, input);
    },
    disturbed: (tensors, random) => disturbedTensors(noisy, tensors, random),
  };
}

function denseLayersOf(specs: readonly ParameterSpec[]): NoisyLayer[] {
  const names = new Set(specs.map(({ name }) => name));
  return specs.flatMap(({ name, shape: [inputs, outputs, ...more], isNoiseless = false }) => {
    const layer = name.slice(0, -'/kernel'.length);
    const isKernel = name.endsWith('/kernel') && !isNoiseless;
    const isDense = isKernel && more.length === 0 && names.has(`${layer}/bias`);
    return isDense ? [{ name: layer, inputs, outputs }] : [];
  });
}

/** The deviations of a layer's weights: as Rainbow has them, those of the bias start like those of the kernel. */
function sigmas({ name, inputs, outputs }: NoisyLayer, sigma: number): ParameterSpec[] {
  const start = sigma / Math.sqrt(inputs);
  return [
    { name: sigmaOf(`${name}/kernel`), shape: [inputs, outputs], fanIn: inputs, uses: 0, start },
    { name: sigmaOf(`${name}/bias`), shape: [outputs], fanIn: inputs, uses: 0, start },
  ];
}

/** The parameters with the noise of a seed, int32 [2], in their kernels and biases; differentiates by μ and σ. */
function disturbed(
  tf: TensorFlow,
  layers: readonly NoisyLayer[],
  parameters: Parameters,
  seed: Tensor,
): Parameters {
  // One draw for all: an operation costs more to start than such vectors take to fill.
  const sizes = layers.flatMap(({ inputs, outputs }) => [inputs, outputs]);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const drawn = randomNormal(tf, [total], seed);
  const scaled = tf.mul(tf.sign(drawn), tf.sqrt(tf.abs(drawn))) as Tensor1D;
  const pieces = tf.split(scaled, sizes);
  const changed: Record<string, Tensor> = {};
  for (const [i, { name, inputs, outputs }] of layers.entries()) {
    const [into, out] = [pieces[2 * i], pieces[2 * i + 1]];
    const noise = tf.mul(tf.reshape(into, [inputs, 1]), tf.reshape(out, [1, outputs])) as Tensor2D;
    for (const [parameter, epsilon] of [
      [`${name}/kernel`, noise],
      [`${name}/bias`, out],
    ] as const) {
      changed[parameter] = tf.add(
        parameters[parameter],
        tf.mul(parameters[sigmaOf(parameter)], epsilon as Tensor),
      );
    }
  }
  return { ...parameters, ...changed };
}

/** The same without tfjs, from a generator. */
function disturbedTensors(
  layers: readonly NoisyLayer[],
  tensors: NamedTensors,
  random: Random,
): NamedTensors {
  const changed = new Map(tensors);
  const factor = () => {
    const x = random.normal();
    return Math.sign(x) * Math.sqrt(Math.abs(x));
  };
  for (const { name, inputs, outputs } of layers) {
    const into = Float64Array.from({ length: inputs }, factor);
    const out = Float64Array.from({ length: outputs }, factor);
    const [kernel, bias] = [tensors.get(`${name}/kernel`)!, tensors.get(`${name}/bias`)!];
    const ofKernel = tensors.get(sigmaOf(`${name}/kernel`))!.data;
    const ofBias = tensors.get(sigmaOf(`${name}/bias`))!.data;
    const weights = new Float32Array(inputs * outputs);
    for (let i = 0, at = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++, at++) {
        weights[at] = kernel.data[at] + ofKernel[at] * into[i] * out[o];
      }
    }
    changed.set(`${name}/kernel`, { shape: kernel.shape, data: weights });
    changed.set(`${name}/bias`, {
      shape: bias.shape,
      data: bias.data.map((b, o) => b + ofBias[o] * out[o]),
    });
  }
  return changed;
}
