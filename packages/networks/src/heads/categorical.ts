import { actionOutputs } from './action-outputs.ts';
import type { HeadFactory, Reduce } from './head.ts';

/**
 * A distribution on fixed atoms for each action: the output `logits`, float32 [rows, actions, atoms].
 *
 * @param atoms the values that the atoms stand for: Q is their mean.
 * @example
 * const head = categoricalHead([-1, 0, 1])({ width: 64, actions: 2, dueling: null, hidden: null });
 * head.parameters.map(({ shape }) => shape); // → [[64, 6], [6]]
 */
export function categoricalHead(atoms: readonly number[]): HeadFactory {
  return (options) => {
    const outputs = actionOutputs(options, atoms.length);
    return {
      parameters: outputs.parameters,
      forward: (tf, parameters, features) => ({ logits: outputs.forward(tf, parameters, features) }),
      layers: (tensors) => outputs.layers(tensors),
      distribution: (tensors) => outputs.layers(tensors),
      reduce: expectation(Float64Array.from(atoms), options.actions),
    };
  };
}

/** Q = Σ zᵢ·softmax(logits)ᵢ of each action. */
function expectation(atoms: Float64Array, actions: number): Reduce {
  return (logits, rows, values, start) => {
    const size = atoms.length;
    const end = start + rows * actions;
    for (let to = start, at = 0; to < end; to++, at += size) {
      let largest = logits[at];
      for (let i = 1; i < size; i++) if (logits[at + i] > largest) largest = logits[at + i];
      let sum = 0;
      let mean = 0;
      for (let i = 0; i < size; i++) {
        const power = Math.exp(logits[at + i] - largest);
        sum += power;
        mean += power * atoms[i];
      }
      values[to] = mean / sum;
    }
  };
}
