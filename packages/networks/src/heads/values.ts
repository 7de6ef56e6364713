import { actionOutputs } from './action-outputs.ts';
import type { Head, HeadOptions } from './head.ts';

/** Q(s, ·) itself: the output `values`, float32 [rows, actions]. */
export function valuesHead(options: HeadOptions): Head {
  const outputs = actionOutputs(options, 1);
  return {
    parameters: outputs.parameters,
    forward: (tf, parameters, features) => ({ values: outputs.forward(tf, parameters, features) }),
    layers: (tensors) => outputs.layers(tensors),
  };
}
