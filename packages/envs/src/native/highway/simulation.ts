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

  // Where the vehicles are, in metres.
  #xs = new Float64Array(0);
  #ys = new Float64Array(0);

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
    const { vehicles, network } = road;
    const dt = this.#dt;
    road.locate();
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
    this.#collide();
  }

  /** Crashes those that meet: each vehicle with those after it, and with each obstacle. */
  #collide(): void {
    const { vehicles, obstacles } = this.road;
    const dt = this.#dt;
    const count = vehicles.length;
    if (this.#xs.length < count) {
      this.#xs = new Float64Array(2 * count);
      this.#ys = new Float64Array(2 * count);
    }
    const xs = this.#xs;
    const ys = this.#ys;
    for (let i = 0; i < count; i++) {
      xs[i] = vehicles[i].x;
      ys[i] = vehicles[i].y;
    }
    for (let i = 0; i < count; i++) {
      const vehicle = vehicles[i];
      // All vehicles are of one size. Most pairs are too far apart to be looked at closer.
      const reach = vehicle.diagonal + vehicle.speed * dt;
      const far = reach * reach;
      for (let j = i + 1; j < count; j++) {
        const dx = xs[j] - xs[i];
        const dy = ys[j] - ys[i];
        if (dx * dx + dy * dy > far) continue;
        collide(vehicle, vehicles[j], dt);
      }
      for (let j = 0; j < obstacles.length; j++) collide(vehicle, obstacles[j], dt);
    }
  }
}
