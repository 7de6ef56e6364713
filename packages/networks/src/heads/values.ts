import { actionOutputs } from './action-outputs.ts';
import type { Head, HeadOptions } from './head.ts';

/**
 * Q(s, ·) itself: the output `values`, float32 [rows, actions].
 *
 * @example
 * const head = valuesHead({ width: 64, actions: 2, dueling: null, hidden: null });
 * head.parameters.map(({ shape }) => shape); // → [[64, 2], [2]]
 */
export function valuesHead(options: HeadOptions): Head {
  const outputs = actionOutputs(options, 1);
  return {
    parameters: outputs.parameters,
    forward: (tf, parameters, features) => ({ values: outputs.forward(tf, parameters, features) }),
    layers: (tensors) => outputs.layers(tensors),
  };
}
