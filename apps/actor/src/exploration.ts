import { epsilonOf } from '@qfleet/agents';
import { type ExplorationConfig, fleetOf, type RunConfig } from '@qfleet/config';

/** ε of every slot of the run, looked up once a step: a power, or a schedule, is computed once a time slice. */
export class Epsilons {
  readonly #exploration: ExplorationConfig;
  readonly #table: Float64Array;

  constructor(config: RunConfig) {
    this.#exploration = config.exploration;
    this.#table = new Float64Array(fleetOf(config).slots);
    this.update(0);
  }

  /** @param runSteps environment steps of the whole run. */
  update(runSteps: number): void {
    const slots = this.#table.length;
    for (let slot = 0; slot < slots; slot++) {
      this.#table[slot] = epsilonOf(this.#exploration, slot, slots, runSteps);
    }
  }

  of(slot: number): number {
    return this.#table[slot];
  }

  /** Mean over `slots`; 0 where there are none. */
  mean(slots: readonly number[]): number {
    return slots.length === 0 ? 0 : slots.reduce((sum, slot) => sum + this.#table[slot], 0) / slots.length;
  }
}
