import {
  columnWidth,
  Memory,
  type ObservationArray,
  stateDType,
  stateShape,
  stateSize,
  tensorDType,
} from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  type InputSpec,
  type Inputs,
  loadForActing,
  type NamedTensors,
  type Runtime,
} from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../network.ts';
import { checkParameters, zeroParameters } from '../parameters.ts';
import type { Inference, InferenceRows, ValuesOf } from './inference.ts';

/** The names of what the compiled function takes and gives; of a memory, the beginning of the name. */
const STATES = 'states';
const BEGINS = 'begins';
const VALUES = 'values';
const MEMORY = 'memory/';
const NOISE = 'noise';

/** Any network for inference: compiled where there is libtensorflow, else op by op on tfjs's WASM. */
export async function createCompiledNetwork(
  network: Network,
  valuesOf: ValuesOf,
  explores: boolean,
): Promise<Inference> {
  return new CompiledNetwork(await loadForActing(), network, valuesOf, explores);
}

class CompiledNetwork implements Inference {
  readonly #network: Network;
  readonly #compiled: Compiled;
  readonly #traced: boolean;
  readonly #explores: boolean;
  readonly #seed = new Int32Array(2);
  /** What the compiled function is fed with, and the elements of a row of each. */
  readonly #inputs: readonly { readonly name: string; readonly width: number }[];
  #loaded = false;
  /** Its own memory for rows that are padded, by the inputs' names. */
  readonly #padded = new Map<string, ObservationArray>();

  constructor(runtime: Runtime, network: Network, valuesOf: ValuesOf, explores: boolean) {
    const noisy = explores && network.disturbed !== undefined;
    const { spec, parameters, memory } = network;
    const { tf } = runtime;
    const remembered = memory.map((column): [string, InputSpec] => [
      MEMORY + column.name,
      { shape: [null, ...column.shape], dtype: tensorDType(column.dtype) },
    ]);
    const inputs: Record<string, InputSpec> = {
      [STATES]: { shape: [null, ...stateShape(spec)], dtype: stateDType(spec) },
      ...(memory.length === 0 ? {} : { [BEGINS]: { shape: [null], dtype: 'int32' } as const }),
      ...Object.fromEntries(remembered),
    };
    this.#network = network;
    this.#traced = runtime.binding !== null;
    this.#explores = noisy;
    this.#inputs = Object.entries(inputs).map(([name, { shape }]) => ({
      name,
      width: shape.reduce<number>((product, size) => product * (size ?? 1), 1),
    }));
    this.#compiled = compile(
      runtime,
      (state, given) => {
        const before = memory.map(({ name }): [string, Tensor] => [name, given[MEMORY + name]!]);
        const { out, memory: after } = network.forward(tf, state, {
          states: given[STATES]!,
          ...(memory.length === 0 ? {} : { begins: given[BEGINS]!, memory: Object.fromEntries(before) }),
          ...(noisy ? { noise: given[NOISE]! } : {}),
        });
        const moved = memory.map(({ name }): [string, Tensor] => [MEMORY + name, after[name]!]);
        return { outputs: { [VALUES]: valuesOf(tf, out), ...Object.fromEntries(moved) } };
      },
      {
        state: zeroParameters(parameters),
        inputs: noisy ? { ...inputs, [NOISE]: { shape: [2], dtype: 'int32' } } : inputs,
      },
    );
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#network.parameters, tensors);
    this.#compiled.setState(tensors);
    this.#loaded = true;
  }

  memory(rows: number): Memory {
    return new Memory(this.#network.memory, rows);
  }

  run(rows: InferenceRows, values: Float32Array): void {
    if (!this.#loaded) throw new Error('The network has no parameters yet: load some first.');
    const { count, states, begins, memory } = rows;
    const { spec, memory: columns } = this.#network;
    if (states.length < count * stateSize(spec) || values.length < count * spec.actions) {
      throw new RangeError(
        `${count} rows need ${count * stateSize(spec)} observation elements and room for ${count * spec.actions} ` +
          `values, not ${states.length} and ${values.length}.`,
      );
    }
    if (count === 0) return;
    const given: Record<string, ObservationArray> = { [STATES]: states };
    if (columns.length > 0) {
      if (begins === undefined || memory === undefined) {
        throw new Error('The network remembers: give it a memory for its rows, and where episodes begin.');
      }
      given[BEGINS] = begins;
      for (const { name } of columns) given[MEMORY + name] = memory.values[name];
    }
    const inputs = this.#fill(given, count);
    const computed = this.#compiled.run(this.#explores ? { ...inputs, [NOISE]: this.#draw(rows) } : inputs);
    values.set(computed[VALUES].subarray(0, count * spec.actions));
    for (const column of columns) {
      const moved = computed[MEMORY + column.name];
      memory!.values[column.name].set(moved.subarray(0, count * columnWidth(column)));
    }
  }

  /** The seed of a call's noise. */
  #draw({ random }: InferenceRows): Int32Array {
    if (random === undefined) throw new Error('The network is noisy: give it what noise is drawn from.');
    for (let i = 0; i < 2; i++) this.#seed[i] = random.next();
    return this.#seed;
  }

  /**
   * The inputs, padded with rows whose values nobody reads. Each number of rows takes a trace of its own (0.1 s), and
   * an evaluation comes down from many rows to one: so only 1, 2, 4, 8, 16, 24 and so on are used.
   *
   * @throws RangeError where one has too few elements for `rows` rows.
   */
  #fill(given: Readonly<Record<string, ObservationArray>>, rows: number): Inputs {
    const filled = rows <= 8 ? 2 ** Math.ceil(Math.log2(rows)) : 8 * Math.ceil(rows / 8);
    const pads = this.#traced && filled !== rows;
    const inputs: Record<string, ObservationArray> = {};
    for (const { name, width } of this.#inputs) {
      const values = given[name];
      if (values.length < rows * width) {
        throw new RangeError(`${rows} rows need ${rows * width} elements of ${name}, not ${values.length}.`);
      }
      const rowsOnly = values.subarray(0, rows * width);
      inputs[name] = pads ? this.#pad(name, rowsOnly, filled * width) : rowsOnly;
    }
    return inputs;
  }

  #pad(name: string, values: ObservationArray, length: number): ObservationArray {
    let padded = this.#padded.get(name);
    if (padded === undefined || padded.length < length) {
      padded = new (values.constructor as new (length: number) => ObservationArray)(length);
      this.#padded.set(name, padded);
    }
    padded.set(values);
    return padded.subarray(0, length);
  }
}
