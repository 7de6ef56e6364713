import type { Random } from '@qfleet/random';
import type { ColumnSpec, StateSpec } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Core } from './cores/core.ts';
import type { Head, Reduce } from './heads/head.ts';
import type { ActingLayers } from './inference/acting-layers.ts';
import type { Normalizer } from './normalizer.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';
import type { Torso } from './torsos/torso.ts';

/** What a network is given for a batch of rows. */
export interface NetworkInput {
  /** [rows, …stateShape], of `stateDType` (uint8 as int32: tfjs has no uint8). */
  readonly states: Tensor;
  /** int32 [rows]: 1 where an episode begins. Needed where the network has a memory. */
  readonly begins?: Tensor;
  /** By the names of the network's memory, [rows, …shape]. Needed where it has one. */
  readonly memory?: TensorRecord;
  /** float32 [rows, N]: the quantile levels that the head is asked for, where it takes some. */
  readonly levels?: Tensor;
  /** int32 [2]: the seed of the noise in a noisy network's weights; absent: they are their means. */
  readonly noise?: Tensor;
}

/** What a network gives. */
export interface NetworkOutput {
  /** The head's outputs by name. */
  readonly out: TensorRecord;
  /** The memory after the step. */
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
  /** New values of those parameters that no gradient changes, by name: the step keeps them. Absent: there are none. */
  readonly advance?: (tf: TensorFlow, parameters: Parameters) => Parameters;
  /** The parameters with noise in the weights, where the network is noisy: for `layers`. */
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
    forward(tf, parameters, { states, begins, memory = {}, levels }) {
      const seen = normalizer ? normalizer.forward(tf, parameters, states) : states;
      const step = core.forward(tf, parameters, torso.forward(tf, parameters, seen), memory, begins);
      return { out: head.forward(tf, parameters, step.features, levels), memory: step.memory };
    },
    layers: stack
      ? (tensors) => {
          const { convolution, dense } = layers(tensors);
          return { convolution, dense: [...dense, ...headLayers(tensors)] };
        }
      : null,
    reduce: head.reduce ?? null,
  };
}
