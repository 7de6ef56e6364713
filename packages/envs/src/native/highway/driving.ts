import type { Random } from '@qfleet/random';
import { discrete, type ObservationArray } from '@qfleet/spaces';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../../environment.ts';
import type { DriverModel } from './driver.ts';
import { decide, type Manoeuvre } from './ego.ts';
import { Kinematics, type KinematicsSpec } from './kinematics.ts';
import type { Observer } from './observer.ts';
import { OccupancyGrid } from './occupancy-grid.ts';
import type { Road } from './road.ts';
import { readScene } from './scene.ts';
import { Simulation } from './simulation.ts';
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
  /** Lets vehicles leave and enter after each step of the agent's, where they do. */
  renew?(simulation: Simulation, random: Random): void;
}

/** What every scenario can be asked for, as highway-env's configuration has it. */
export interface DrivingOptions {
  readonly observation: { readonly type: 'Kinematics' | 'OccupancyGrid' };
}

/** One drive after another through a scenario. */
class Driving implements Environment {
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #simulation: Simulation;
  readonly #observer: Observer;
  /** What each step tells; `speed` is the mean over the episode's steps, in m/s. */
  readonly #info = { crashed: 0, speed: 0 };
  #steps = 0;
  #ego!: Vehicle;

  constructor(scenario: Scenario, observer: Observer, random: Random) {
    this.#random = random;
    this.#scenario = scenario;
    const { driver, frequency, ruledEvery = null } = scenario;
    this.#simulation = new Simulation(scenario.createRoad(), driver, frequency, ruledEvery);
    this.#observer = observer;
  }

  reset(observation: ObservationArray): void {
    const simulation = this.#simulation;
    simulation.ego = null;
    simulation.steps = 0;
    simulation.road.vehicles = [];
    simulation.road.nextId = 0;
    this.#begin(this.#scenario.populate(simulation, this.#random), observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const { manoeuvres, targetSpeeds, frequency } = this.#scenario;
    const { road } = this.#simulation;
    const ego = this.#ego;
    const manoeuvre = manoeuvres[action];
    decide(ego, manoeuvre, targetSpeeds, road.network);
    for (let i = 0; i < frequency; i++) this.#simulation.step();
    this.#observer.write(road, ego, observation);
    outcome.reward = this.#scenario.reward(road, ego, manoeuvre);
    outcome.terminated = this.#scenario.isOver(ego);
    outcome.truncated = false;
    const info = this.#info;
    info.crashed = Number(ego.crashed);
    info.speed += (ego.speed - info.speed) / ++this.#steps;
    outcome.info = info;
    this.#scenario.renew?.(this.#simulation, this.#random);
  }

  setState(scene: unknown, observation: ObservationArray): void {
    const { road } = this.#simulation;
    const { vehicles, ego, steps } = readScene(scene, road.network, this.#scenario.targetSpeeds.length);
    road.vehicles = vehicles;
    road.nextId = Math.max(...vehicles.map(({ id }) => id)) + 1;
    this.#simulation.steps = steps;
    this.#begin(ego, observation);
  }

  getState(): number[][] {
    return this.#simulation.road.vehicles.map(({ id, x, y, heading, speed, crashed }) => [
      id,
      x,
      y,
      heading,
      speed,
      Number(crashed),
    ]);
  }

  #begin(ego: Vehicle, observation: ObservationArray): void {
    this.#ego = ego;
    this.#steps = 0;
    this.#info.speed = 0;
    this.#simulation.ego = ego;
    this.#observer.begin(ego);
    this.#observer.write(this.#simulation.road, ego, observation);
  }
}

/** A scenario as an environment. */
export function driving(
  about: Pick<EnvironmentDefinition, 'id' | 'maxEpisodeSteps' | 'summary'>,
  scenario: Scenario,
  { observation }: DrivingOptions,
): EnvironmentDefinition {
  const createObserver = () =>
    observation.type === 'Kinematics' ? new Kinematics(scenario.kinematics) : new OccupancyGrid();
  return {
    ...about,
    native: true,
    observationSpace: createObserver().space,
    actionSpace: discrete(scenario.manoeuvres.length),
    solvedReturn: null,
    create: (random) => new Driving(scenario, createObserver(), random),
  };
}
