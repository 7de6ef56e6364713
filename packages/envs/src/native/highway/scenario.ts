import type { Random } from '@qfleet/random';
import type { DriverModel } from './driver.ts';
import type { Manoeuvre } from './ego.ts';
import type { KinematicsSpec } from './kinematics.ts';
import type { Road } from './road.ts';
import type { Simulation } from './simulation.ts';
import type { Vehicle } from './vehicle.ts';

/** A road to drive on: who is on it, what the agent can do and sees, what it is rewarded for, and the end. */
export interface Scenario {
  /** Steps of the simulation a second; the agent acts once a second. */
  readonly frequency: number;
  /** What each action asks for. */
  readonly manoeuvres: readonly Manoeuvre[];
  /** The agent's, in m/s. */
  readonly targetSpeeds: readonly number[];
  readonly driver: DriverModel;
  createRoad(): Road;
  readonly kinematics: KinematicsSpec;
  /** Fills the empty road for a new episode. */
  populate(simulation: Simulation, random: Random): Vehicle;
  /** What the state that `manoeuvre` led to is worth. */
  reward(road: Road, ego: Vehicle, manoeuvre: Manoeuvre): number;
  isOver(ego: Vehicle): boolean;
  /** After how many steps of the simulation the rules of an intersection are enforced, where it is one. */
  readonly ruledEvery?: number;
  /** How many vehicles there are, where none ever comes, goes or has a route: many such roads fit into one array. */
  readonly vehicles?: number;
  /** Lets vehicles leave and enter after each step of the agent's, where they do. */
  renew?(simulation: Simulation, random: Random): void;
}
