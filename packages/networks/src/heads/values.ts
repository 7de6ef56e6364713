import { type DenseLayer, sideBySide } from '../inference/dense/layer.ts';
import { Dense } from '../layers/dense.ts';
import { actionOutputs, duelingStreams } from './action-outputs.ts';
import type { Head, HeadOptions } from './head.ts';

/** Q(s, ·) itself: the output `values`, float32 [rows, actions]. */
export function valuesHead(options: HeadOptions): Head {
  const outputs = actionOutputs(options, 1);
  return {
    parameters: outputs.parameters,
    forward: (tf, parameters, features) => ({ values: outputs.forward(tf, parameters, features) }),
    layers: (tensors) => {
      const { width, actions, dueling } = options;
      if (dueling === null) return [new Dense('output', width, actions).layer(tensors)];
      const { value, advantage } = duelingStreams({ ...options, dueling }, 1);
      return [
        sideBySide(value.hidden.layer(tensors), advantage.hidden.layer(tensors)),
        duelingLayer(value.output.layer(tensors), advantage.output.layer(tensors)),
      ];
    },
  };
}

/**
 * A dueling head's outputs as one layer: it is linear in its two hidden layers, V = hᵥ·wᵥ + bᵥ and A = hₐ·Wₐ + bₐ, so
 * Q = V + A − mean A is one dense layer on [hᵥ, hₐ] with the mean over actions already taken from Wₐ and bₐ.
 */
function duelingLayer(value: DenseLayer, advantage: DenseLayer): DenseLayer {
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
