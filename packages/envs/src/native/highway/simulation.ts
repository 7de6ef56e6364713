import { collide } from './collisions.ts';
import { Driver, type DriverModel } from './driver.ts';
import { control } from './ego.ts';
import type { Road } from './road.ts';
import { Rules } from './rules.ts';
import type { Vehicle } from './vehicle.ts';

/** A road in motion. */
export class Simulation {
  readonly road: Road;
  readonly #driver: Driver;
  readonly #dt: number;
  readonly #rules = new Rules();
  readonly #ruledEvery: number | null;
  /** What the agent drives; before it enters the road, `null`. */
  ego: Vehicle | null = null;

  /** Steps since the road was empty. */
  steps = 0;

  /**
   * @param frequency of its steps, in Hz.
   * @param ruledEvery after how many steps the rules of an intersection are enforced; `null`: never.
   */
  constructor(road: Road, driver: DriverModel, frequency: number, ruledEvery: number | null) {
    this.road = road;
    this.#ruledEvery = ruledEvery;
    this.#driver = new Driver(road, driver);
    this.#dt = 1 / frequency;
  }

  /** Every vehicle decides, in order; then all move; then those that met crash. */
  step(): void {
    const { ego, road } = this;
    const { vehicles, obstacles, network } = road;
    const dt = this.#dt;
    for (let i = 0; i < vehicles.length; i++) {
      if (vehicles[i] === ego) control(ego, network);
      else this.#driver.act(vehicles[i]);
    }
    this.steps++;
    if (this.#ruledEvery !== null && this.steps % this.#ruledEvery === 0) this.#rules.enforce(vehicles, ego);
    for (let i = 0; i < vehicles.length; i++) {
      const vehicle = vehicles[i];
      vehicle.timer += dt;
      vehicle.step(network, dt);
    }
    for (let i = 0; i < vehicles.length; i++) {
      for (let j = i + 1; j < vehicles.length; j++) collide(vehicles[i], vehicles[j], dt);
      for (let j = 0; j < obstacles.length; j++) collide(vehicles[i], obstacles[j], dt);
    }
  }
}
