import type { NetworkConfig } from '@qfleet/config';
import type { ObservationArray } from '@qfleet/envs';
import { Mlp } from '@qfleet/networks';
import type { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import type { NamedTensors } from '@qfleet/tensor';
import { epsilonGreedy } from '../act.ts';
import type { Policy } from '../agent.ts';

/** A Q-network's policy on the lightweight kernels of @qfleet/networks. */
export function createNetworkPolicy(config: NetworkConfig, layout: Layout): Policy {
  return new NetworkPolicy(new Mlp(config, layout), layout.actions);
}

class NetworkPolicy implements Policy {
  readonly #network: Mlp;
  readonly #width: number;
  #values = new Float32Array(0);

  constructor(network: Mlp, width: number) {
    this.#network = network;
    this.#width = width;
  }

  load(tensors: NamedTensors): void {
    this.#network.load(tensors);
  }

  act(
    observations: ObservationArray,
    rows: number,
    epsilons: Float32Array,
    random: Random,
    actions: Int32Array,
    values?: Float32Array,
  ): void {
    const width = this.#width;
    if (values === undefined && this.#values.length < rows * width) {
      this.#values = new Float32Array(rows * width);
    }
    const out = values ?? this.#values;
    this.#network.forward(observations, rows, out);
    epsilonGreedy(out, rows, width, epsilons, random, actions);
  }
}
