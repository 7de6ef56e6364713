import type { DqnConfig } from '@qfleet/config';
import { createInference, createNetwork, type Inference } from '@qfleet/networks';
import type { Random } from '@qfleet/random';
import type { ObservationArray, StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Policy } from '../agent.ts';
import { createObjective } from '../objectives/create-objective.ts';
import { epsilonGreedy } from './epsilon-greedy.ts';

/** The policy of a network: ε-greedy on the values that the objective finds in what it gives. */
export async function createNetworkPolicy(
  config: DqnConfig,
  spec: StateSpec,
  objective = createObjective(config),
): Promise<Policy> {
  const network = createNetwork(config.network, spec, objective.head);
  const inference = await createInference(network, (tf, out) => objective.values(tf, out));
  return new NetworkPolicy(inference, spec.actions);
}

class NetworkPolicy implements Policy {
  readonly #inference: Inference;
  readonly #width: number;
  #values = new Float32Array(0);

  constructor(inference: Inference, width: number) {
    this.#inference = inference;
    this.#width = width;
  }

  load(tensors: NamedTensors): void {
    this.#inference.load(tensors);
  }

  act(
    observations: ObservationArray,
    rows: number,
    epsilons: Float32Array,
    random: Random,
    actions: Int32Array,
    values?: Float32Array,
    masks?: Uint8Array,
  ): void {
    const width = this.#width;
    if (values === undefined && this.#values.length < rows * width) {
      this.#values = new Float32Array(rows * width);
    }
    const out = values ?? this.#values;
    this.#inference.run(observations, rows, out);
    epsilonGreedy(out, rows, width, epsilons, random, actions, masks);
  }
}
