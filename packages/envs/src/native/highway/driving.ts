import type { Random } from '@qfleet/random';
import { discrete, type ObservationArray } from '@qfleet/spaces';
import type { Picture } from '../../drawing/picture.ts';
import { roadPicture } from '../../drawing/road.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../../environment.ts';
import { Drive } from './drive.ts';
import { DriveInfo } from './drive-info.ts';
import { DrivingRows } from './driving-rows.ts';
import { Kinematics } from './kinematics.ts';
import type { Observer } from './observer.ts';
import { OccupancyGrid } from './occupancy-grid.ts';
import type { Scenario } from './scenario.ts';
import { readScene } from './scene.ts';

/** What every scenario can be asked for, as highway-env's configuration has it. */
export interface DrivingOptions {
  readonly observation: { readonly type: 'Kinematics' | 'OccupancyGrid' };
}

/** One drive after another through a scenario. */
class Driving implements Environment {
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #drive: Drive;
  readonly #info = new DriveInfo();

  constructor(scenario: Scenario, observer: Observer, random: Random) {
    this.#random = random;
    this.#scenario = scenario;
    this.#drive = new Drive(scenario, observer);
  }

  reset(observation: ObservationArray): void {
    this.#info.begin();
    this.#drive.reset(this.#random, observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#drive.step(action, this.#random, observation, outcome);
    this.#info.add(this.#drive.ego);
    outcome.info = this.#info;
  }

  setState(scene: unknown, observation: ObservationArray): void {
    const { simulation } = this.#drive;
    const { road } = simulation;
    const { vehicles, ego, steps } = readScene(scene, road.network, this.#scenario.targetSpeeds.length);
    road.vehicles = vehicles;
    road.nextId = Math.max(...vehicles.map(({ id }) => id)) + 1;
    simulation.steps = steps;
    this.#info.begin();
    this.#drive.begin(ego, observation);
  }

  getState(): number[][] {
    return this.#drive.simulation.road.vehicles.map(({ id, x, y, heading, speed, crashed }) => [
      id,
      x,
      y,
      heading,
      speed,
      Number(crashed),
    ]);
  }

  picture(): Picture {
    const { network, obstacles, vehicles } = this.#drive.simulation.road;
    return roadPicture(network.lanes, obstacles, vehicles, this.#drive.ego);
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
  const { vehicles } = scenario;
  return {
    ...about,
    native: true,
    observationSpace: createObserver().space,
    actionSpace: discrete(scenario.manoeuvres.length),
    solvedReturn: null,
    create: (random) => new Driving(scenario, createObserver(), random),
    ...(vehicles !== undefined && {
      createVector: () => new DrivingRows(scenario, vehicles, createObserver()),
    }),
  };
}
