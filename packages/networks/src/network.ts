import type { Random } from '@qfleet/random';
import type { ColumnSpec, StateSpec } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Core } from './cores/core.ts';
import type { Head, Reduce } from './heads/head.ts';
import type { ActingLayers } from './inference/acting-layers.ts';
import type { RecurrentParts } from './inference/recurrent/cell.ts';
import type { Normalizer } from './normalizer.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';
import type { Torso } from './torsos/torso.ts';

/** What a network is given for a batch of rows. */
export interface NetworkInput {
  /** [rows × steps, …stateShape], of `stateDType` (uint8 as int32: tfjs has no uint8). */
  readonly states: Tensor;
  /** Consecutive states of each row, which lie one after another. Default: 1. */
  readonly steps?: number;
  /** int32 [rows × steps]: 1 where an episode begins, and the memory anew. Absent: none does. */
  readonly begins?: Tensor;
  /** float32 [rows × steps]: 0 for a state that is not there and is passed over, else 1. Absent: all are there. */
  readonly present?: Tensor;
  /** As it was before the first step, by the names of the network's memory, [rows, …shape]. Needed where it has one. */
  readonly memory?: TensorRecord;
  /**
   * int32 [picks]: of which states the head's outputs are asked for, as indices into all rows' states; the head's rows are
   * these. Absent: all.
   */
  readonly picked?: Tensor;
  /** float32 [rows, N]: the quantile levels that the head is asked for, where it takes some. */
  readonly levels?: Tensor;
  /** int32 [2]: the seed of the noise in a noisy network's weights; absent: they are their means. */
  readonly noise?: Tensor;
}

/** What a network gives. */
export interface NetworkOutput {
  /** The head's outputs by name, [rows × steps, …]. */
  readonly out: TensorRecord;
  /** The memory after the last step. */
  readonly memory: TensorRecord;
}

/** A network: its parameters, and its forward pass as a pure function of tensors. */
export interface Network {
  readonly spec: StateSpec;
  /** In a fixed order: those of the torso, the core and the head, the normalizer's statistics, and the deviations of noisy weights. */
  readonly parameters: readonly ParameterSpec[];
  /** What states pass before the torso; null: nothing. */
  readonly normalizer: Normalizer | null;
  /** What it carries from step to step: that of its core. */
  readonly memory: readonly ColumnSpec[];
  /** @param tf the library instance that the tensors belong to; passed so that nothing here loads one. */
  forward(tf: TensorFlow, parameters: Parameters, input: NetworkInput): NetworkOutput;
  /**
   * Layers that give Q(s, ·) of a state's numbers, or what `reduce` takes, where it is nothing else and remembers
   * nothing; null: it is more.
   */
  readonly layers: ((tensors: NamedTensors) => ActingLayers) | null;
  /** Makes Q(s, ·) of what the last of `layers` gives; null: that is Q(s, ·). */
  readonly reduce: Reduce | null;
  /** The same of a network that remembers: layers before and after a cell; null: it is more, or remembers nothing. */
  readonly recurrent: RecurrentParts | null;
  /** New values of those parameters that no gradient changes, by name: the step keeps them. Absent: there are none. */
  readonly advance?: (tf: TensorFlow, parameters: Parameters) => Parameters;
  /** The parameters with noise in the weights, where the network is noisy: for `layers` and `recurrent`. */
  readonly disturbed?: (tensors: NamedTensors, random: Random) => NamedTensors;
}

/** Torso, core and head as one network, behind a normalizer where there is one. */
export function composeNetwork(
  spec: StateSpec,
  torso: Torso,
  core: Core,
  head: Head,
  normalizer: Normalizer | null = null,
): Network {
  const { layers } = torso;
  const { layers: headLayers } = head;
  const stack = layers && headLayers && core.parameters.length === 0 && core.memory.length === 0;
  return {
    spec,
    parameters: [torso, core, head, ...(normalizer ? [normalizer] : [])].flatMap(
      ({ parameters }) => parameters,
    ),
    normalizer,
    memory: core.memory,
    ...(torso.advance ? { advance: torso.advance } : {}),
    forward(tf, parameters, { states, steps = 1, begins, present, memory = {}, picked, levels }) {
      const seen = normalizer ? normalizer.forward(tf, parameters, states) : states;
      const features = torso.forward(tf, parameters, seen);
      const after = core.forward(tf, parameters, features, { steps, memory, begins, present });
      const asked = picked ? (tf.gather(after.features, picked as Tensor1D) as Tensor2D) : after.features;
      return { out: head.forward(tf, parameters, asked, levels), memory: after.memory };
    },
    layers: stack
      ? (tensors) => {
          const { convolution, dense } = layers(tensors);
          return { convolution, dense: [...dense, ...headLayers(tensors)] };
        }
      : null,
    recurrent:
      layers && headLayers && core.cell ? { torso: layers, cell: core.cell, head: headLayers } : null,
    reduce: head.reduce ?? null,
  };
}
