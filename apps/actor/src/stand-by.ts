import type { Logger } from '@qfleet/fleet';

/** After so long without a slot, although the learner trains, others are taken to hold them all. */
const STAND_BY_MS = 2_000;

/** Says once that an actor has nothing to do, and once that it has again. */
export class StandBy {
  readonly #log: Logger;
  /** The slots of the whole fleet. */
  readonly #fleetSlots: number;
  /** When it was last seen busy, as `performance.now()`; null: it stands by, and said so. */
  #busyAt: number | null = performance.now();

  constructor(log: Logger, fleetSlots: number) {
    this.#log = log;
    this.#fleetSlots = fleetSlots;
  }

  /** @param slots that it holds. @param idle whether it waits for one. */
  look(slots: readonly number[], idle: boolean): void {
    if (!idle) {
      if (this.#busyAt === null) this.#log.info(`Goes to work, on slots ${slots.join(', ')}.`);
      this.#busyAt = performance.now();
    } else if (this.#busyAt !== null && performance.now() - this.#busyAt > STAND_BY_MS) {
      this.#busyAt = null;
      this.#log.info(`Stands by: all ${this.#fleetSlots} slots are held by other actors (fleet.slots).`);
    }
  }
}
