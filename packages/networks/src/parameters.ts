import type { NetworkConfig } from '@qfleet/config';
import type { Random } from '@qfleet/random';
import type { NamedTensors } from '@qfleet/tensor';
import { convolutionSpecs } from './convolutions.ts';
import { elementsOf, inputSize, type Signature } from './signature.ts';

/** One parameter of a network: kernels are [in, out], of convolutions [height, width, in, out], biases [out]. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Units that feed one output of the parameter's layer: what its start values are scaled by. */
  readonly fanIn: number;
  /** How often a row's forward pass uses each value: once in a dense layer, at each position in a convolution. */
  readonly uses: number;
}

/**
 * The parameters of a network, in a fixed order.
 *
 * A CNN begins with `conv<i>/kernel` [height, width, in, out] and `conv<i>/bias`; what follows is an MLP's.
 * An MLP has `hidden<i>/kernel`, `hidden<i>/bias` and `output/…`. A dueling one keeps all hidden layers but the
 * last in common and gives each stream its own last one: `value/hidden/…`, `value/output/…`, `advantage/…`.
 */
export function parameterSpecs(config: NetworkConfig, signature: Signature): ParameterSpec[] {
  const torso = config.kind === 'nature-cnn' ? convolutionSpecs(signature) : null;
  const specs: ParameterSpec[] = [...(torso?.specs ?? [])];
  const dense = (name: string, fanIn: number, units: number): number => {
    specs.push(
      { name: `${name}/kernel`, shape: [fanIn, units], fanIn, uses: 1 },
      { name: `${name}/bias`, shape: [units], fanIn, uses: 1 },
    );
    return units;
  };
  const shared = config.dueling ? config.hidden.slice(0, -1) : config.hidden;
  let width = torso?.features ?? inputSize(signature);
  for (const [i, units] of shared.entries()) width = dense(`hidden${i}`, width, units);
  if (!config.dueling) {
    dense('output', width, signature.actions);
    return specs;
  }
  const last = config.hidden[config.hidden.length - 1];
  for (const [stream, outputs] of [['value', 1] as const, ['advantage', signature.actions] as const]) {
    dense(`${stream}/output`, dense(`${stream}/hidden`, width, last), outputs);
  }
  return specs;
}

/** The multiply-adds of a forward pass of one row. */
export function multiplyAdds(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape, uses }) => sum + elementsOf(shape) * uses, 0);
}

/**
 * Start values: kernels and biases uniform on ±1/√fanIn, which keeps the size of activations from layer to layer
 * (LeCun et al., "Efficient BackProp", 1998; the default of PyTorch's `Linear`, under which the published DQN
 * scores that we compare with were made).
 */
export function initialParameters(config: NetworkConfig, signature: Signature, random: Random): NamedTensors {
  return new Map(
    parameterSpecs(config, signature).map(({ name, shape, fanIn }) => {
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
