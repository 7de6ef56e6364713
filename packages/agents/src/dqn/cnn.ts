import type { NetworkConfig } from '@qfleet/config';
import type { ObservationArray } from '@qfleet/envs';
import {
  checkParameters,
  forward,
  initialParameters,
  type ParameterSpec,
  parameterSpecs,
  type Signature,
  stateDType,
  stateShape,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { type Compiled, compile, loadedTensor, loadWasm, type NamedTensors } from '@qfleet/tensor';
import type { QNetwork } from './policy.ts';

/**
 * A network of convolutions for inference: compiled where this process trains on libtensorflow anyway, else on tfjs's
 * WASM.
 */
export async function createCnn(config: NetworkConfig, signature: Signature): Promise<QNetwork> {
  const runtime = (await loadedTensor()) ?? (await loadWasm());
  const { tf } = runtime;
  const shape = stateShape(signature);
  const size = shape.reduce((product, n) => product * n, 1);
  const network = compile(
    runtime,
    (state, { observations }) => ({
      outputs: { values: forward(tf, config, signature, state, observations) },
    }),
    {
      state: initialParameters(config, signature, new Random(0)),
      inputs: { observations: { shape: [null, ...shape], dtype: stateDType(signature) } },
    },
  );
  return new Cnn(network, parameterSpecs(config, signature), size, signature.actions);
}

class Cnn implements QNetwork {
  readonly #network: Compiled;
  readonly #specs: readonly ParameterSpec[];
  /** Elements of an observation. */
  readonly #size: number;
  readonly #actions: number;
  #loaded = false;

  constructor(network: Compiled, specs: readonly ParameterSpec[], size: number, actions: number) {
    this.#network = network;
    this.#specs = specs;
    this.#size = size;
    this.#actions = actions;
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#specs, tensors);
    this.#network.setState(tensors);
    this.#loaded = true;
  }

  forward(observations: ObservationArray, rows: number, values: Float32Array): void {
    if (!this.#loaded) throw new Error('The network has no parameters yet: load some first.');
    if (observations.length < rows * this.#size || values.length < rows * this.#actions) {
      throw new RangeError(
        `${rows} rows need ${rows * this.#size} observation elements and room for ${rows * this.#actions} values, ` +
          `not ${observations.length} and ${values.length}.`,
      );
    }
    if (rows === 0) return;
    values.set(this.#network.run({ observations: observations.subarray(0, rows * this.#size) })['values']);
  }
}
