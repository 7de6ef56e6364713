import type { Vehicle } from './vehicle.ts';

/** What each step tells of an episode so far. */
export class DriveInfo {
  readonly [name: string]: unknown;
  /** 1 once the agent has crashed. */
  crashed = 0;
  /** The agent's mean over the episode's steps, in m/s. */
  speed = 0;
  #steps = 0;

  begin(): void {
    this.crashed = 0;
    this.speed = 0;
    this.#steps = 0;
  }

  /** Adds the end of a step. */
  add({ crashed, speed }: Vehicle): void {
    this.crashed = Number(crashed);
    this.speed += (speed - this.speed) / ++this.#steps;
  }
}
