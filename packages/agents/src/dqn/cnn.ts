import type { NetworkConfig } from '@qfleet/config';
import type { ObservationArray } from '@qfleet/envs';
import {
  checkParameters,
  elementsOf,
  forward,
  initialParameters,
  type ParameterSpec,
  parameterSpecs,
  type Signature,
  stateDType,
  stateShape,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import {
  type Compiled,
  compile,
  loadedTensor,
  loadTensor,
  loadWasm,
  type NamedTensors,
  type Runtime,
} from '@qfleet/tensor';
import type { QNetwork } from './policy.ts';

/** A network of convolutions for inference: compiled where there is libtensorflow, else on tfjs's WASM. */
export async function createCnn(config: NetworkConfig, signature: Signature): Promise<QNetwork> {
  const runtime = await loadForActing();
  const { tf } = runtime;
  const shape = stateShape(signature);
  const size = elementsOf(shape);
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
  const traced = runtime.binding !== null;
  return new Cnn(network, traced, parameterSpecs(config, signature), size, signature.actions);
}

/**
 * What this process has loaded, to train on; else libtensorflow on the CPU where it is provisioned, which takes a third
 * to a half of WASM's time (see the README), and never a GPU, which is the learner's. It depends on what is installed,
 * not on the clock: so a run stays the same on a machine.
 */
async function loadForActing(): Promise<Runtime> {
  const loaded = loadedTensor();
  if (loaded !== null) return loaded;
  if (process.env['QFLEET_TENSOR'] === 'wasm') return loadWasm();
  // Of a process that only plays: no other cores than its own.
  return loadTensor({ force: 'cpu', parallelism: 'caller' }).catch(() => loadWasm());
}

class Cnn implements QNetwork {
  readonly #network: Compiled;
  readonly #traced: boolean;
  readonly #specs: readonly ParameterSpec[];
  /** Elements of an observation. */
  readonly #size: number;
  readonly #actions: number;
  #loaded = false;
  /** Its own memory for the rows of `#fill`. */
  #filled: ObservationArray | null = null;

  constructor(
    network: Compiled,
    traced: boolean,
    specs: readonly ParameterSpec[],
    size: number,
    actions: number,
  ) {
    this.#network = network;
    this.#traced = traced;
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
    const given = observations.subarray(0, rows * this.#size);
    const { values: computed } = this.#network.run({ observations: this.#fill(given, rows) });
    values.set(computed.subarray(0, rows * this.#actions));
  }

  /**
   * The observations with rows after them whose values nobody reads. Each number of rows takes a trace of its own, at
   * 0.1 s, and an evaluation comes down from many rows to one: so there are only 1, 2, 4, 8, 16, 24 and so on.
   */
  #fill(observations: ObservationArray, rows: number): ObservationArray {
    const filled = rows <= 8 ? 2 ** Math.ceil(Math.log2(rows)) : 8 * Math.ceil(rows / 8);
    const length = filled * this.#size;
    if (!this.#traced || filled === rows) return observations;
    if (this.#filled === null || this.#filled.length < length) {
      this.#filled = new (observations.constructor as new (length: number) => ObservationArray)(length);
    }
    this.#filled.set(observations);
    return this.#filled.subarray(0, length);
  }
}
