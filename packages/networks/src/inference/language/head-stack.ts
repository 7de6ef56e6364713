import type { NamedTensors } from '@qfleet/tensor';
import type { TokenHead } from './decoder.ts';
import type { Addresses, Matrix, PanelMemory } from './panel-memory.ts';

/** A head's dense layers in the memory of a decoder. */
export class HeadStack {
  readonly name: string;
  /** The most inputs of a layer. */
  readonly widest: number;
  readonly #head: TokenHead;
  readonly #layers: readonly Matrix[];
  /** Where each layer's rows are written. */
  readonly #outputs: readonly number[];

  /**
   * @param tensors the sizes of the layers follow from.
   * @param rows the most that are computed together.
   */
  constructor(head: TokenHead, tensors: NamedTensors, addresses: Addresses, rows: number) {
    this.name = head.name;
    this.#head = head;
    this.#layers = head.layers(tensors).map(({ inputs, outputs }) => addresses.matrix(inputs, outputs));
    this.#outputs = this.#layers.map(({ outputs }) => addresses.rows(rows, outputs));
    this.widest = Math.max(...this.#layers.map(({ inputs }) => inputs));
  }

  /** Copies its parameters in. */
  write(memory: PanelMemory, tensors: NamedTensors): void {
    for (const [i, { kernel, bias }] of this.#head.layers(tensors).entries())
      memory.write(this.#layers[i], kernel, bias);
  }

  /** @param features the address of rows of final features. */
  run(memory: PanelMemory, rows: number, features: number): void {
    const last = this.#layers.length - 1;
    let x = features;
    for (const [i, layer] of this.#layers.entries()) {
      memory.multiply(layer, rows, x, this.#outputs[i], i < last ? 0 : Number.NEGATIVE_INFINITY);
      x = this.#outputs[i];
    }
  }

  /** The outputs of a row, as they lie in memory. */
  row(memory: PanelMemory, row: number): Float32Array {
    const last = this.#layers.length - 1;
    return memory.row(this.#outputs[last], this.#layers[last].outputs, row);
  }
}
