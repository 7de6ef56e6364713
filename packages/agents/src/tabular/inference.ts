import type { TabularConfig } from '@qfleet/config';
import type { Inference, InferenceRows } from '@qfleet/networks';
import { Memory, type StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { createTable, loadTable, rowStart, type Table } from './table.ts';

/** Looks Q(s, ·) up. Before the first `load` every value is `initialQ`. */
export class TableInference implements Inference {
  readonly #table: Table;

  /** @throws Error as `tableShape` does. */
  constructor(config: TabularConfig, spec: StateSpec) {
    this.#table = createTable(spec, config.initialQ);
  }

  load(tensors: NamedTensors): void {
    loadTable(this.#table, tensors);
  }

  memory(rows: number): Memory {
    return new Memory([], rows);
  }

  /** @throws RangeError for a state that the table does not have. */
  run({ states, count }: InferenceRows, values: Float32Array): void {
    const { q, actions: width } = this.#table;
    for (let row = 0; row < count; row++) {
      const start = rowStart(this.#table, states[row]);
      for (let a = 0; a < width; a++) values[row * width + a] = q[start + a];
    }
  }
}
