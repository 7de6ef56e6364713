import type { NetworkConfig } from '@qfleet/config';
import type { NamedTensors } from '@qfleet/tensor';
import { checkParameters, parameterSpecs } from './parameters.ts';
import type { Signature } from './signature.ts';

/** y = x·kernel + bias, then relu on all layers but the last. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row by row. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/**
 * An MLP's parameters as a plain stack of dense layers, for inference without tfjs.
 *
 * A dueling head is linear in its two hidden layers, V = hᵥ·wᵥ + bᵥ and A = hₐ·Wₐ + bₐ, so Q = V + A − mean A is
 * one dense layer on [hᵥ, hₐ] with the mean over actions already taken from Wₐ and bₐ.
 *
 * @throws Error when the tensors are not those of `parameterSpecs`.
 */
export function denseLayers(
  config: NetworkConfig,
  signature: Signature,
  tensors: NamedTensors,
): DenseLayer[] {
  checkParameters(parameterSpecs(config, signature), tensors);
  const layer = (name: string): DenseLayer => {
    const kernel = tensors.get(`${name}/kernel`)!;
    return {
      inputs: kernel.shape[0],
      outputs: kernel.shape[1],
      kernel: kernel.data,
      bias: tensors.get(`${name}/bias`)!.data,
    };
  };
  const shared = config.dueling ? config.hidden.slice(0, -1) : config.hidden;
  const layers = shared.map((_, i) => layer(`hidden${i}`));
  if (!config.dueling) return [...layers, layer('output')];
  return [
    ...layers,
    sideBySide(layer('value/hidden'), layer('advantage/hidden')),
    duelingHead(layer('value/output'), layer('advantage/output')),
  ];
}

/** [x·A + a, x·B + b] as one layer. */
function sideBySide(a: DenseLayer, b: DenseLayer): DenseLayer {
  const outputs = a.outputs + b.outputs;
  const kernel = new Float32Array(a.inputs * outputs);
  for (let i = 0; i < a.inputs; i++) {
    kernel.set(a.kernel.subarray(i * a.outputs, (i + 1) * a.outputs), i * outputs);
    kernel.set(b.kernel.subarray(i * b.outputs, (i + 1) * b.outputs), i * outputs + a.outputs);
  }
  return { inputs: a.inputs, outputs, kernel, bias: Float32Array.of(...a.bias, ...b.bias) };
}

function duelingHead(value: DenseLayer, advantage: DenseLayer): DenseLayer {
  const { outputs } = advantage;
  const meanFree = (row: Float32Array, plus: number): Float32Array => {
    const mean = row.reduce((sum, x) => sum + x, 0) / outputs;
    return row.map((x) => x - mean + plus);
  };
  const kernel = new Float32Array((value.inputs + advantage.inputs) * outputs);
  for (let i = 0; i < value.inputs; i++) kernel.fill(value.kernel[i], i * outputs, (i + 1) * outputs);
  for (let i = 0; i < advantage.inputs; i++) {
    const row = advantage.kernel.subarray(i * outputs, (i + 1) * outputs);
    kernel.set(meanFree(row, 0), (value.inputs + i) * outputs);
  }
  return {
    inputs: value.inputs + advantage.inputs,
    outputs,
    kernel,
    bias: meanFree(advantage.bias, value.bias[0]),
  };
}
