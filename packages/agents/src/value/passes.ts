import type { Network, Parameters } from '@qfleet/networks';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Outputs, TransitionTensors } from '../objectives/objective.ts';

/** What a network computes with in a pass. */
export interface Weights {
  readonly parameters: Parameters;
  /** int32 [2]: the seed of the noise in them, where the network is noisy. */
  readonly noise?: Tensor;
}

/** How an update's rows go through networks, whatever their unit is: an objective sees transitions. */
export interface Passes {
  readonly batch: TransitionTensors;
  /** float32, one of each of the batch's observations: 0 for what is not there, else 1. Absent: all are there. */
  readonly present?: Tensor;
  /** What a network of these weights remembers before the steps that are trained on. No gradient flows into it. */
  start(weights: Weights): TensorRecord;
  /** @param start of the same weights. */
  outputs(weights: Weights, start: TensorRecord): Outputs;
}

/** The passes of a batch of transitions: its states are independent of each other. */
export function transitionPasses(tf: TensorFlow, network: Network, inputs: TensorRecord): Passes {
  return {
    batch: inputs as unknown as TransitionTensors,
    start: () => ({}),
    outputs:
      ({ parameters, ...noise }) =>
      (states, levels) =>
        network.forward(tf, parameters, { states, ...noise, ...(levels ? { levels } : {}) }).out,
  };
}
