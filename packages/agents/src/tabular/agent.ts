import type { TabularConfig } from '@qfleet/config';
import { type Batch, MASK, type TransitionBatch } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { argmax } from '../acting/allowed.ts';
import type { Agent, UpdateFault, UpdateStats } from '../agent.ts';
import { createTable, loadTable, rowStart, type Table, tableTensors } from './table.ts';

/**
 * Q-learning on a table: Q(s,a) ← Q(s,a) + α(r + γ max Q(s′,·) − Q(s,a)) (Watkins and Dayan, 1992), row after row
 * of each batch, in order. The rows bring r + γ max Q′ as an n-step return and the discount of the bootstrap.
 * An importance weight w makes the step α·w.
 */
export class TabularAgent implements Agent {
  readonly batchesPerUpdate: number;
  readonly unit = { kind: 'transition', nSteps: 1 } as const;
  readonly #alpha: number;
  readonly #table: Table;

  constructor(config: TabularConfig, spec: StateSpec) {
    this.batchesPerUpdate = config.updatesPerCall;
    this.#alpha = config.learningRate;
    this.#table = createTable(spec, config.initialQ);
  }

  update(batches: readonly Batch[], priorities: Float32Array): UpdateStats {
    const { q, actions: width } = this.#table;
    let at = 0;
    let loss = 0;
    let absolute = 0;
    let sumQ = 0;
    let fault: UpdateFault | null = null;
    for (const batch of batches as readonly TransitionBatch[]) {
      const masks = (batch.nextColumns[MASK] as Uint8Array | undefined) ?? null;
      let written = 0;
      for (let i = 0; i < batch.size; i++) {
        const cell = rowStart(this.#table, batch.observations[i]) + batch.actions[i];
        const next = rowStart(this.#table, batch.nextObservations[i]);
        const best = argmax(q, next, width, masks, i * width);
        const error = batch.returns[i] + batch.discounts[i] * q[next + best] - q[cell];
        sumQ += q[cell];
        q[cell] += this.#alpha * batch.weights[i] * error;
        written += q[cell];
        priorities[at++] = Math.abs(error);
        absolute += Math.abs(error);
        loss += 0.5 * error * error;
      }
      if (!Number.isFinite(written)) {
        fault ??= { batch: at / batch.size - 1, loss: loss / at, gradientNorm: null };
      }
    }
    return { numbers: { loss: loss / at, meanAbsTdError: absolute / at, meanQ: sumQ / at }, fault };
  }

  parameters(): NamedTensors {
    return tableTensors(this.#table);
  }

  state(): NamedTensors {
    return tableTensors(this.#table);
  }

  restore(state: NamedTensors): void {
    loadTable(this.#table, state);
  }

  dispose(): void {}
}
