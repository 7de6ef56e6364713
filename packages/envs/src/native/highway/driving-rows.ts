import type { Random } from '@qfleet/random';
import { type ObservationArray, observationSize } from '@qfleet/spaces';
import type { StepOutcome } from '../../environment.ts';
import type { RowArrays, VectorEnvironment } from '../../vector-environment.ts';
import { Drive } from './drive.ts';
import { DriveInfo } from './drive-info.ts';
import type { Observer } from './observer.ts';
import type { Scenario } from './scenario.ts';
import { readVehicle, VEHICLE_FIELDS, writeVehicle } from './vehicle-state.ts';

/**
 * Many roads with as many vehicles each: their states lie in one array, and one drive takes each row's step in turn. So
 * what is worked on stays in the processor's nearest memory, whatever the number of rows.
 */
export class DrivingRows implements VectorEnvironment {
  /** It has none. */
  readonly failures: ReadonlyMap<number, unknown> = new Map();
  /** What each row's last step told. */
  readonly infos: DriveInfo[] = [];
  readonly #drive: Drive;
  readonly #vehicles: number;
  readonly #size: number;
  readonly #streams: Random[] = [];
  readonly #outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  /** [rows, vehicles, fields], with room for more rows. */
  #states: Float64Array;
  #arrays: RowArrays | null = null;
  /** Views on the caller's array, a row each. */
  #observations: ObservationArray[] = [];

  /** @param vehicles on each road. */
  constructor(scenario: Scenario, vehicles: number, observer: Observer) {
    this.#drive = new Drive(scenario, observer);
    this.#vehicles = vehicles;
    this.#size = observationSize(observer.space);
    this.#states = new Float64Array(8 * this.#width);
  }

  get rows(): number {
    return this.#streams.length;
  }

  /** Numbers in a row's state. */
  get #width(): number {
    return this.#vehicles * VEHICLE_FIELDS;
  }

  bind(arrays: RowArrays): void {
    const { observations, stride } = arrays;
    this.#arrays = arrays;
    this.#observations = this.#streams.map((_, row) =>
      observations.subarray(row * stride, row * stride + this.#size),
    );
  }

  add(random: Random): void {
    this.#streams.push(random);
    this.infos.push(new DriveInfo());
    const states = this.#states;
    if (this.rows * this.#width <= states.length) return;
    this.#states = new Float64Array(2 * states.length);
    this.#states.set(states);
  }

  remove(row: number): void {
    this.#streams.splice(row, 1);
    this.infos.splice(row, 1);
    this.#states.copyWithin(row * this.#width, (row + 1) * this.#width);
  }

  reset(row: number): void {
    this.infos[row].begin();
    this.#drive.reset(this.#streams[row], this.#observations[row]);
    this.#keep(row);
  }

  step(actions: Int32Array): void {
    const { rewards, terminated, truncated } = this.#arrays!;
    const outcome = this.#outcome;
    const { rows } = this;
    for (let row = 0; row < rows; row++) {
      this.#take(row);
      this.#drive.step(actions[row], this.#streams[row], this.#observations[row], outcome);
      this.infos[row].add(this.#drive.ego);
      this.#keep(row);
      rewards[row] = outcome.reward;
      terminated[row] = outcome.terminated ? 1 : 0;
      truncated[row] = 0;
    }
  }

  close(): void {
    this.#streams.length = 0;
    this.infos.length = 0;
  }

  /** Has the drive go on where a row is. Its vehicles are those of the last reset, whichever row's that was. */
  #take(row: number): void {
    const { vehicles, network } = this.#drive.simulation.road;
    for (let i = 0, at = row * this.#width; i < vehicles.length; i++, at += VEHICLE_FIELDS) {
      readVehicle(this.#states, at, vehicles[i], network.lanes);
    }
  }

  #keep(row: number): void {
    const { vehicles } = this.#drive.simulation.road;
    for (let i = 0, at = row * this.#width; i < vehicles.length; i++, at += VEHICLE_FIELDS) {
      writeVehicle(vehicles[i], this.#states, at);
    }
  }
}
