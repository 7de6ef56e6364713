import type { Inference } from '@qfleet/networks';
import type { Memory } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { ActingRows, Policy } from '../agent.ts';
import type { Selector } from './selector.ts';

/** The policy of what values actions, a network or a table: a selector chooses by Q(s, ·). */
export class ValuePolicy implements Policy {
  readonly #inference: Inference;
  readonly #width: number;
  readonly #select: Selector;
  #values = new Float32Array(0);

  /** @param width how many actions there are. */
  constructor(inference: Inference, width: number, select: Selector) {
    this.#inference = inference;
    this.#width = width;
    this.#select = select;
  }

  load(tensors: NamedTensors): void {
    this.#inference.load(tensors);
  }

  memory(rows: number): Memory {
    return this.#inference.memory(rows);
  }

  dispose(): void {
    this.#inference.dispose?.();
  }

  act(rows: ActingRows): void {
    const width = this.#width;
    if (rows.values === null && this.#values.length < rows.count * width) {
      this.#values = new Float32Array(rows.count * width);
    }
    const values = rows.values ?? this.#values;
    this.#inference.run(rows, values);
    this.#select(values, width, rows);
  }
}
