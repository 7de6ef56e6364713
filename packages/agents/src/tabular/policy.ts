import type { TabularConfig } from '@qfleet/config';
import type { ObservationArray } from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import type { NamedTensors } from '@qfleet/tensor';
import { epsilonGreedy } from '../acting/epsilon-greedy.ts';
import type { Policy } from '../agent.ts';
import { createTable, loadTable, rowStart, type Table } from './table.ts';

/** Looks Q(s, ·) up. Before the first `load` every value is `initialQ`. */
export class TabularPolicy implements Policy {
  readonly #table: Table;
  #values = new Float32Array(0);

  constructor(config: TabularConfig, layout: Layout) {
    this.#table = createTable(layout, config.initialQ);
  }

  load(tensors: NamedTensors): void {
    loadTable(this.#table, tensors);
  }

  act(
    observations: ObservationArray,
    rows: number,
    epsilons: Float32Array,
    random: Random,
    actions: Int32Array,
    values?: Float32Array,
    masks?: Uint8Array,
  ): void {
    const { q, actions: width } = this.#table;
    if (values === undefined && this.#values.length < rows * width) {
      this.#values = new Float32Array(rows * width);
    }
    const out = values ?? this.#values;
    for (let row = 0; row < rows; row++) {
      const start = rowStart(this.#table, observations[row]);
      for (let a = 0; a < width; a++) out[row * width + a] = q[start + a];
    }
    epsilonGreedy(out, rows, width, epsilons, random, actions, masks);
  }
}
