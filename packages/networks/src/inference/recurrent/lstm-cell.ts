import type { NamedTensors } from '@qfleet/tensor';
import type { Cell } from './cell.ts';

/** Names of the parameters and the memory of a long short-term memory. */
export interface LstmNames {
  readonly kernel: string;
  readonly recurrent: string;
  readonly bias: string;
  readonly hidden: string;
  readonly cell: string;
}

/** The cell of `lstmCore`, by the same equations: what is summed is i, f, g and o, each of so many units. */
export function lstmCell(units: number, names: LstmNames): Cell {
  const gates = 4 * units;
  const layer = (tensors: NamedTensors, name: string, bias: Float32Array) => {
    const { shape, data } = tensors.get(name)!;
    return { inputs: shape[0], outputs: gates, kernel: data, bias };
  };
  return {
    width: units,
    gates,
    inputLayer: (tensors) => layer(tensors, names.kernel, tensors.get(names.bias)!.data),
    recurrentLayer: (tensors) => layer(tensors, names.recurrent, new Float32Array(gates)),
    recall(memory, row, begins, out, to) {
      const hidden = memory[names.hidden];
      const start = row * units;
      for (let k = 0; k < units; k++) out[to + k] = begins ? 0 : hidden[start + k];
    },
    step(memory, row, begins, { fromInput, fromMemory, from }, out, to) {
      const hidden = memory[names.hidden];
      const cell = memory[names.cell];
      const start = row * units;
      for (let k = 0; k < units; k++) {
        const i = from + k;
        const f = i + units;
        const g = f + units;
        const o = g + units;
        const kept = begins ? 0 : sigmoid(fromInput[f] + fromMemory[f]) * cell[start + k];
        const next = kept + sigmoid(fromInput[i] + fromMemory[i]) * Math.tanh(fromInput[g] + fromMemory[g]);
        const shown = sigmoid(fromInput[o] + fromMemory[o]) * Math.tanh(next);
        cell[start + k] = next;
        hidden[start + k] = shown;
        out[to + k] = shown;
      }
    },
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
