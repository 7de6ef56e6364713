import type { Random } from '@qfleet/random';
import { inputSize, Memory, type StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Network } from '../network.ts';
import type { Scaling } from '../normalizer.ts';
import { checkParameters } from '../parameters.ts';
import type { ActingLayers } from './acting-layers.ts';
import { DenseStack } from './dense/dense-stack.ts';
import { writeStates } from './dense/write-states.ts';
import type { Inference, InferenceRows } from './inference.ts';

/** A network of dense layers, after a convolution or none, for inference: no tfjs, and no allocation a call. */
export class DenseNetwork implements Inference {
  readonly #network: Network;
  readonly #layersOf: (tensors: NamedTensors) => ActingLayers;
  readonly #inputs: number;
  readonly #explores: boolean;
  /** The weights' means, where noise is added to them. */
  #tensors: NamedTensors = new Map();
  #stack: DenseStack | null = null;
  /** How a state's numbers are scaled; null: they are not. */
  #scaling: Scaling | null = null;
  /** What the stack gives for so many rows at once, where that is not Q itself. */
  #outputs = new Float32Array(0);

  constructor(network: Network, layersOf: (tensors: NamedTensors) => ActingLayers, explores: boolean) {
    this.#explores = explores && network.disturbed !== undefined;
    this.#network = network;
    this.#layersOf = layersOf;
    this.#inputs = inputSize(network.spec);
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#network.parameters, tensors);
    const layers = this.#layersOf(tensors);
    const { convolution, dense } = layers;
    this.#stack ??= new DenseStack(dense, convolution);
    this.#stack.load(layers);
    this.#tensors = tensors;
    this.#scaling = this.#network.normalizer?.scaling(tensors) ?? null;
    if (this.#network.reduce === null) return;
    const width = dense[dense.length - 1].outputs;
    if (this.#outputs.length === 0) this.#outputs = new Float32Array(this.#stack.rows * width);
  }

  memory(rows: number): Memory {
    return new Memory([], rows);
  }

  /**
   * A row's values depend on nothing but the row, and are the same on every machine.
   * @throws RangeError also when a Discrete observation is not one of its space.
   */
  run({ states, count: rows, random }: InferenceRows, values: Float32Array): void {
    const stack = this.#stack;
    if (stack === null) throw new Error('The network has no parameters yet: load some first.');
    const { reduce, spec } = this.#network;
    const { count, frames, actions }: StateSpec = spec;
    const width = count === undefined ? this.#inputs : frames;
    if (states.length < rows * width || values.length < rows * actions) {
      throw new RangeError(
        `${rows} rows need ${rows * width} observation elements and room for ${rows * actions} values, not ` +
          `${states.length} and ${values.length}.`,
      );
    }
    if (this.#explores && rows > 0) stack.load(this.#layersOf(this.#disturbed(random)));
    for (let row = 0; row < rows; row += stack.rows) {
      const part = Math.min(stack.rows, rows - row);
      writeStates(spec, states, row, part, stack, this.#scaling);
      if (reduce === null) stack.run(part, values, row * actions);
      else {
        stack.run(part, this.#outputs, 0);
        reduce(this.#outputs, part, values, row * actions);
      }
    }
  }

  #disturbed(random: Random | undefined): NamedTensors {
    if (random === undefined) throw new Error('The network is noisy: give it what noise is drawn from.');
    return this.#network.disturbed!(this.#tensors, random);
  }
}
