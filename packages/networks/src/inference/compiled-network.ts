import { Random } from '@qfleet/random';
import { type ObservationArray, stateDType, stateShape, stateSize } from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  loadedTensor,
  loadTensor,
  loadWasm,
  type NamedTensors,
  type Runtime,
} from '@qfleet/tensor';
import type { Network } from '../network.ts';
import { checkParameters, initialParameters, type ParameterSpec } from '../parameters.ts';
import type { Inference, ValuesOf } from './inference.ts';

/** Any network for inference: compiled where there is libtensorflow, else op by op on tfjs's WASM. */
export async function createCompiledNetwork(network: Network, valuesOf: ValuesOf): Promise<Inference> {
  const runtime = await loadForActing();
  const { tf } = runtime;
  const { spec, parameters } = network;
  const compiled = compile(
    runtime,
    (state, { states }) => {
      const { out } = network.forward(tf, state, { states: states! });
      return { outputs: { values: valuesOf(tf, out) } };
    },
    {
      state: initialParameters(parameters, new Random(0)),
      inputs: { states: { shape: [null, ...stateShape(spec)], dtype: stateDType(spec) } },
    },
  );
  return new CompiledNetwork(compiled, runtime.binding !== null, network);
}

/**
 * The runtime that this process has loaded to train on; else libtensorflow on the CPU where it is provisioned (a third
 * to a half of WASM's time, docs/performance.md). It is never a GPU, which is the learner's. The choice depends on what
 * is installed and not on the clock, so a run stays the same on a machine.
 */
async function loadForActing(): Promise<Runtime> {
  const loaded = loadedTensor();
  if (loaded !== null) return loaded;
  if (process.env['QFLEET_TENSOR'] === 'wasm') return loadWasm();
  // A process that only plays takes no cores but its own.
  return loadTensor({ force: 'cpu', parallelism: 'caller' }).catch(() => loadWasm());
}

class CompiledNetwork implements Inference {
  readonly #compiled: Compiled;
  readonly #traced: boolean;
  readonly #parameters: readonly ParameterSpec[];
  /** Elements of a state. */
  readonly #size: number;
  readonly #actions: number;
  #loaded = false;
  /** Its own memory for the rows of `#fill`. */
  #filled: ObservationArray | null = null;

  constructor(compiled: Compiled, traced: boolean, { parameters, spec }: Network) {
    this.#compiled = compiled;
    this.#traced = traced;
    this.#parameters = parameters;
    this.#size = stateSize(spec);
    this.#actions = spec.actions;
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#parameters, tensors);
    this.#compiled.setState(tensors);
    this.#loaded = true;
  }

  run(states: ObservationArray, rows: number, values: Float32Array): void {
    if (!this.#loaded) throw new Error('The network has no parameters yet: load some first.');
    if (states.length < rows * this.#size || values.length < rows * this.#actions) {
      throw new RangeError(
        `${rows} rows need ${rows * this.#size} observation elements and room for ${rows * this.#actions} values, ` +
          `not ${states.length} and ${values.length}.`,
      );
    }
    if (rows === 0) return;
    const given = states.subarray(0, rows * this.#size);
    const { values: computed } = this.#compiled.run({ states: this.#fill(given, rows) });
    values.set(computed.subarray(0, rows * this.#actions));
  }

  /**
   * The states, padded with rows whose values nobody reads. Each number of rows takes a trace of its own (0.1 s), and
   * an evaluation comes down from many rows to one: so only 1, 2, 4, 8, 16, 24 and so on are used.
   */
  #fill(states: ObservationArray, rows: number): ObservationArray {
    const filled = rows <= 8 ? 2 ** Math.ceil(Math.log2(rows)) : 8 * Math.ceil(rows / 8);
    const length = filled * this.#size;
    if (!this.#traced || filled === rows) return states;
    if (this.#filled === null || this.#filled.length < length) {
      this.#filled = new (states.constructor as new (length: number) => ObservationArray)(length);
    }
    this.#filled.set(states);
    return this.#filled.subarray(0, length);
  }
}
