import type { Random } from '@qfleet/random';
import { elementsOf } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { DRAWS, type Initialization } from './initialization.ts';

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
  /** Whether it is a direction, which starts normal: any is as likely as another. */
  readonly isDirection?: boolean;
  /** How they are drawn; absent: `lecun-uniform`. */
  readonly initialization?: Initialization;
  /** What `he` and `orthogonal` scale a kernel by; absent: √2, where relu follows. */
  readonly gain?: number;
  /** Whether it has no noise where a network is noisy. */
  readonly isNoiseless?: boolean;
}

/** A network's parameters as tensors, by their names. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** The multiply-adds of a forward pass of one row. */
export function multiplyAdds(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape, uses }) => sum + elementsOf(shape) * uses, 0);
}

/** Start values, drawn as each parameter says where it does not name one. */
export function initialParameters(specs: readonly ParameterSpec[], random: Random): NamedTensors {
  return new Map(
    specs.map((spec) => {
      const { name, shape, start, initialization = 'lecun-uniform' } = spec;
      const drawn = () =>
        spec.isDirection
          ? Float32Array.from({ length: elementsOf(shape) }, () => random.normal())
          : DRAWS[initialization](spec, random);
      const data = start === undefined ? drawn() : new Float32Array(elementsOf(shape)).fill(start);
      return [name, { shape, data }];
    }),
  );
}

/** Zeros of the parameters' shapes. */
export function zeroParameters(specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[]): NamedTensors {
  return new Map(
    specs.map(({ name, shape }) => [name, { shape, data: new Float32Array(elementsOf(shape)) }] as const),
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
