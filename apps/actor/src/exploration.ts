import { epsilonOf } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';

/** ε of every slot of the run, looked up once a step: a power, or a schedule, is computed once a time slice. */
export class Epsilons {
  readonly #config: RunConfig;
  readonly #table: Float64Array;

  constructor(config: RunConfig) {
    this.#config = config;
    this.#table = new Float64Array(config.fleet.slots);
    this.update(0);
  }

  /** @param runSteps environment steps of the whole run. */
  update(runSteps: number): void {
    const { exploration, fleet } = this.#config;
    for (let slot = 0; slot < fleet.slots; slot++) {
      this.#table[slot] = epsilonOf(exploration, slot, fleet.slots, runSteps);
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
