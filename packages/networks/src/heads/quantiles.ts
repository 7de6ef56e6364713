import { meanOver } from '../inference/dense/layer.ts';
import { actionOutputs } from './action-outputs.ts';
import type { HeadFactory } from './head.ts';

/**
 * So many quantiles of the return for each action: the output `quantiles`, float32 [rows, actions, count]. Q is their mean.
 *
 * @example
 * const head = quantilesHead(51)({ width: 64, actions: 2, dueling: null, hidden: null });
 * head.parameters.map(({ shape }) => shape); // → [[64, 102], [102]]
 */
export function quantilesHead(count: number): HeadFactory {
  return (options) => {
    const { actions } = options;
    const outputs = actionOutputs(options, count);
    return {
      parameters: outputs.parameters,
      forward: (tf, parameters, features) => {
        const quantiles = outputs.forward(tf, parameters, features);
        return { quantiles: tf.reshape(quantiles, [-1, actions, count]) };
      },
      // A mean of linear outputs is linear, so it needs no more than the layer of a plain Q.
      layers: (tensors) => {
        const layers = outputs.layers(tensors);
        return [...layers.slice(0, -1), meanOver(layers[layers.length - 1], count)];
      },
      distribution: (tensors) => outputs.layers(tensors),
    };
  };
}
