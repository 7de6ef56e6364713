import type { Random } from '@qfleet/random';
import { elementsOf } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** One parameter of a network: kernels are [in, out], of convolutions [height, width, in, out], biases [out]. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Units that feed one output of the parameter's layer: what its start values are scaled by. */
  readonly fanIn: number;
  /** How often a row's forward pass uses each value: once in a dense layer, at each position in a convolution. */
  readonly uses: number;
  /** What all its values start at; absent: they are drawn. */
  readonly start?: number;
}

/** A network's parameters as tensors, by their names. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** The multiply-adds of a forward pass of one row. */
export function multiplyAdds(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape, uses }) => sum + elementsOf(shape) * uses, 0);
}

/**
 * Start values, where a parameter does not name one: kernels and biases uniform on ±1/√fanIn, which keeps the size of activations from layer to layer
 * (LeCun et al., "Efficient BackProp", 1998; the default of PyTorch's `Linear`, under which the published DQN
 * scores that we compare with were made).
 */
export function initialParameters(specs: readonly ParameterSpec[], random: Random): NamedTensors {
  return new Map(
    specs.map(({ name, shape, fanIn, start }) => {
      if (start !== undefined)
        return [name, { shape, data: new Float32Array(elementsOf(shape)).fill(start) }];
      const bound = 1 / Math.sqrt(fanIn);
      const data = Float32Array.from({ length: elementsOf(shape) }, () => bound * (2 * random.uniform() - 1));
      return [name, { shape, data }];
    }),
  );
}

/**
 * Checks that `tensors` are exactly the expected ones.
 *
 * @throws Error naming the first tensor that is missing, unexpected or of another shape.
 */
export function checkParameters(
  expected: readonly Pick<ParameterSpec, 'name' | 'shape'>[],
  tensors: NamedTensors,
): void {
  for (const { name, shape } of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new Error(
        `Parameter "${name}" is missing; there are: ${[...tensors.keys()].join(', ') || 'none'}.`,
      );
    }
    const same = tensor.shape.length === shape.length && shape.every((n, i) => n === tensor.shape[i]);
    if (!same || tensor.data.length !== elementsOf(shape)) {
      throw new Error(
        `Parameter "${name}" has shape [${tensor.shape}] and ${tensor.data.length} values; this network takes ` +
          `[${shape}]: it was made with another network configuration or environment.`,
      );
    }
  }
  if (tensors.size !== expected.length) {
    const known = new Set(expected.map(({ name }) => name));
    const foreign = [...tensors.keys()].find((name) => !known.has(name));
    throw new Error(
      `Parameter "${foreign}" is unknown to this network: it was made with another configuration.`,
    );
  }
}
