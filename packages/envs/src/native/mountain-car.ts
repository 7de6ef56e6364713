import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { mountainCarPicture } from '../drawing/classic.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import {
  isAtGoal,
  MAX_POSITION,
  MAX_SPEED,
  MIN_POSITION,
  moved,
  pushed,
  startPosition,
  stopped,
} from './mountain-car-dynamics.ts';
import { MountainCarRows } from './mountain-car-rows.ts';
import { takeState } from './state.ts';

/** The car of Moore, "Efficient memory-based learning for robot control" (1990), as Gymnasium computes it. */
class MountainCar implements Environment {
  readonly #random: Random;
  readonly #goalVelocity: number;
  #position = 0;
  #velocity = 0;

  constructor(random: Random, goalVelocity: number) {
    this.#random = random;
    this.#goalVelocity = goalVelocity;
  }

  reset(observation: ObservationArray): void {
    this.#position = startPosition(this.#random.uniform());
    this.#velocity = 0;
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const velocity = pushed(this.#position, this.#velocity, action);
    this.#position = moved(this.#position, velocity);
    this.#velocity = stopped(this.#position, velocity);
    this.#observe(observation);
    outcome.reward = -1;
    outcome.terminated = isAtGoal(this.#position, this.#velocity, this.#goalVelocity);
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    [this.#position, this.#velocity] = takeState(state, 2);
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#position, this.#velocity];
  }

  picture(): Picture {
    return mountainCarPicture(this.getState());
  }

  #observe(observation: ObservationArray): void {
    observation[0] = this.#position;
    observation[1] = this.#velocity;
  }
}

/** State: position, velocity. */
export function mountainCar(id: string, options: { goal_velocity: number }): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: box({
      low: [MIN_POSITION, -MAX_SPEED].map(Math.fround),
      high: [MAX_POSITION, MAX_SPEED].map(Math.fround),
    }),
    actionSpace: discrete(3),
    maxEpisodeSteps: 200,
    solvedReturn: -110,
    summary: 'Swing an underpowered car up a hill.',
    create: (random) => new MountainCar(random, options.goal_velocity),
    createVector: () => new MountainCarRows(options.goal_velocity),
  };
}
