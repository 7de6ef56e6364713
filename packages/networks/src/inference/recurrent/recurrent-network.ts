import type { Random } from '@qfleet/random';
import { Memory, stateSize } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { Network } from '../../network.ts';
import type { Scaling } from '../../normalizer.ts';
import { checkParameters } from '../../parameters.ts';
import type { ActingLayers } from '../acting-layers.ts';
import { DenseStack } from '../dense/dense-stack.ts';
import { writeStates } from '../dense/write-states.ts';
import type { Inference, InferenceRows } from '../inference.ts';
import type { RecurrentParts } from './cell.ts';

/** The stacks of a network with a cell between its layers. */
interface Stacks {
  /** From a state's numbers to the cell's gates. */
  readonly input: DenseStack;
  /** From what is remembered to the gates. */
  readonly recurrent: DenseStack;
  /** From the cell's features to Q(s, ·). */
  readonly head: DenseStack;
}

/** A network of layers with a memory between them, for inference: no tfjs, and no allocation a call. */
export class RecurrentNetwork implements Inference {
  readonly #network: Network;
  readonly #parts: RecurrentParts;
  readonly #explores: boolean;
  /** The weights' means, where noise is added to them. */
  #tensors: NamedTensors = new Map();
  #stacks: Stacks | null = null;
  /** How a state's numbers are scaled; null: they are not. */
  #scaling: Scaling | null = null;
  /** What the two layers of the cell give for a part of the rows. */
  #fromInput = new Float32Array(0);
  #fromMemory = new Float32Array(0);
  /** What the head's layers give for a part of the rows, where that is not Q itself. */
  #outputs = new Float32Array(0);

  /** @param explores whether a noisy network's weights have noise, or else are their means. */
  constructor(network: Network, parts: RecurrentParts, explores: boolean) {
    this.#network = network;
    this.#parts = parts;
    this.#explores = explores && network.disturbed !== undefined;
  }

  load(tensors: NamedTensors): void {
    checkParameters(this.#network.parameters, tensors);
    const { head } = this.#fill(tensors);
    this.#tensors = tensors;
    this.#scaling = this.#network.normalizer?.scaling(tensors) ?? null;
    if (this.#network.reduce === null || this.#outputs.length > 0) return;
    const { dense } = head;
    this.#outputs = new Float32Array(this.#stacks!.head.rows * dense[dense.length - 1].outputs);
  }

  /** Copies the weights into the stacks. @returns their layers. */
  #fill(tensors: NamedTensors): Readonly<Record<keyof Stacks, ActingLayers>> {
    const { torso, cell, head } = this.#parts;
    const { convolution, dense } = torso(tensors);
    const layers = {
      input: { convolution, dense: [...dense, cell.inputLayer(tensors)] },
      recurrent: { convolution: null, dense: [cell.recurrentLayer(tensors)] },
      head: { convolution: null, dense: head(tensors) },
    };
    this.#stacks ??= {
      input: stackFor(layers.input),
      recurrent: stackFor(layers.recurrent),
      head: stackFor(layers.head),
    };
    this.#stacks.input.load(layers.input);
    this.#stacks.recurrent.load(layers.recurrent);
    this.#stacks.head.load(layers.head);
    return layers;
  }

  memory(rows: number): Memory {
    return new Memory(this.#network.memory, rows);
  }

  /** A row's values depend on nothing but the row and its memory, and are the same on every machine. */
  run({ states, count, begins, memory, random }: InferenceRows, values: Float32Array): void {
    const stacks = this.#stacks;
    if (stacks === null) throw new Error('The network has no parameters yet: load some first.');
    if (begins === undefined || memory === undefined) {
      throw new Error('The network remembers: give it a memory for its rows, and where episodes begin.');
    }
    const { spec, reduce } = this.#network;
    const { width } = this.#parts.cell;
    if (states.length < count * stateSize(spec) || values.length < count * spec.actions) {
      throw new RangeError(
        `${count} rows need ${count * stateSize(spec)} observation elements and room for ${count * spec.actions} ` +
          `values, not ${states.length} and ${values.length}.`,
      );
    }
    for (const { name } of this.#network.memory) {
      if (memory.values[name].length >= count * width) continue;
      throw new RangeError(
        `${count} rows need ${count * width} elements of memory/${name}, not ${memory.values[name].length}.`,
      );
    }
    if (this.#explores && count > 0) this.#fill(this.#disturbed(random));
    const most = Math.min(stacks.input.rows, stacks.recurrent.rows, stacks.head.rows);
    for (let row = 0; row < count; row += most) {
      const part = Math.min(most, count - row);
      writeStates(spec, states, row, part, stacks.input, this.#scaling);
      this.#step(stacks, row, part, begins, memory);
      if (reduce === null) stacks.head.run(part, values, row * spec.actions);
      else {
        stacks.head.run(part, this.#outputs, 0);
        reduce(this.#outputs, part, values, row * spec.actions);
      }
    }
  }

  /** From the states in the input's stack to the features in the head's, for `part` rows from `row` on. */
  #step(
    { input, recurrent, head }: Stacks,
    row: number,
    part: number,
    begins: Int32Array,
    memory: Memory,
  ): void {
    const { cell } = this.#parts;
    if (this.#fromInput.length < part * cell.gates) {
      this.#fromInput = new Float32Array(part * cell.gates);
      this.#fromMemory = new Float32Array(part * cell.gates);
    }
    const [fromInput, fromMemory] = [this.#fromInput, this.#fromMemory];
    input.run(part, fromInput, 0);
    for (let i = 0; i < part; i++) {
      cell.recall(memory.values, row + i, begins[row + i] === 1, recurrent.input, i * recurrent.stride);
    }
    recurrent.run(part, fromMemory, 0);
    const layers = { fromInput, fromMemory, from: 0 };
    for (let i = 0; i < part; i++) {
      layers.from = i * cell.gates;
      cell.step(memory.values, row + i, begins[row + i] === 1, layers, head.input, i * head.stride);
    }
  }

  #disturbed(random: Random | undefined): NamedTensors {
    if (random === undefined) throw new Error('The network is noisy: give it what noise is drawn from.');
    return this.#network.disturbed!(this.#tensors, random);
  }
}

const stackFor = ({ convolution, dense }: ActingLayers): DenseStack => new DenseStack(dense, convolution);
