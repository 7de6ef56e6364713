import type { NetworkConfig } from '@qfleet/config';
import type { ObservationArray } from '@qfleet/envs';
import { Mlp, type Signature } from '@qfleet/networks';
import type { Random } from '@qfleet/random';
import type { NamedTensors } from '@qfleet/tensor';
import { epsilonGreedy } from '../act.ts';
import type { Policy } from '../agent.ts';

/** A Q-network for inference alone, from typed arrays to typed arrays. */
export interface QNetwork {
  /** @throws Error when names or shapes are not the network's; the old parameters then stay. */
  load(tensors: NamedTensors): void;
  /**
   * Q(s, ·) of `rows` observations, [rows, actions], written to `values`.
   *
   * @throws Error before the first `load`; RangeError when an array is too short.
   */
  forward(observations: ObservationArray, rows: number, values: Float32Array): void;
}

/** A Q-network's policy: an MLP on the lightweight kernel of @qfleet/networks, a CNN on tfjs. */
export async function createNetworkPolicy(config: NetworkConfig, signature: Signature): Promise<Policy> {
  // Loaded only here: it brings tfjs.
  const network: QNetwork =
    config.kind === 'nature-cnn'
      ? await (await import('./cnn.ts')).createCnn(config, signature)
      : new Mlp(config, signature);
  return new NetworkPolicy(network, signature.actions);
}

class NetworkPolicy implements Policy {
  readonly #network: QNetwork;
  readonly #width: number;
  #values = new Float32Array(0);

  constructor(network: QNetwork, width: number) {
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
