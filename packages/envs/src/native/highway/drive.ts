import type { Random } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import type { StepOutcome } from '../../environment.ts';
import { decide } from './ego.ts';
import type { Observer } from './observer.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import type { Vehicle } from './vehicle.ts';

/** A scenario in motion, and what the agent sees of it. */
export class Drive {
  readonly simulation: Simulation;
  readonly #scenario: Scenario;
  readonly #observer: Observer;
  #ego!: Vehicle;

  constructor(scenario: Scenario, observer: Observer) {
    const { driver, frequency, ruledEvery = null } = scenario;
    this.#scenario = scenario;
    this.#observer = observer;
    this.simulation = new Simulation(scenario.createRoad(), driver, frequency, ruledEvery);
  }

  /** The agent's vehicle. */
  get ego(): Vehicle {
    return this.#ego;
  }

  /** Begins an episode as the scenario has it. */
  reset(random: Random, observation: ObservationArray): void {
    const { simulation } = this;
    simulation.ego = null;
    simulation.steps = 0;
    simulation.road.vehicles = [];
    simulation.road.nextId = 0;
    this.begin(this.#scenario.populate(simulation, random), observation);
  }

  /** Begins an episode with those that are on the road. */
  begin(ego: Vehicle, observation: ObservationArray): void {
    this.#ego = ego;
    this.simulation.ego = ego;
    this.#observer.begin(ego);
    this.#observer.write(this.simulation.road, ego, observation);
  }

  /** One step of the agent's: a second. */
  step(action: number, random: Random, observation: ObservationArray, outcome: StepOutcome): void {
    const { manoeuvres, targetSpeeds, frequency } = this.#scenario;
    const { road } = this.simulation;
    const ego = this.#ego;
    const manoeuvre = manoeuvres[action];
    decide(ego, manoeuvre, targetSpeeds, road.network);
    for (let i = 0; i < frequency; i++) this.simulation.step();
    this.#observer.write(road, ego, observation);
    outcome.reward = this.#scenario.reward(road, ego, manoeuvre);
    outcome.terminated = this.#scenario.isOver(ego);
    outcome.truncated = false;
    this.#scenario.renew?.(this.simulation, random);
  }
}
