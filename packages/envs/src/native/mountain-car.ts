import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { takeState } from './state.ts';

const MIN_POSITION = -1.2;
const MAX_POSITION = 0.6;
const MAX_SPEED = 0.07;
const GOAL_POSITION = 0.5;
const FORCE = 0.001;
const GRAVITY = 0.0025;

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

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
    this.#position = -0.6 + 0.2 * this.#random.uniform();
    this.#velocity = 0;
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const push = (action - 1) * FORCE + Math.cos(3 * this.#position) * -GRAVITY;
    const velocity = clip(this.#velocity + push, -MAX_SPEED, MAX_SPEED);
    this.#position = clip(this.#position + velocity, MIN_POSITION, MAX_POSITION);
    // The left wall stops the car.
    this.#velocity = this.#position === MIN_POSITION && velocity < 0 ? 0 : velocity;
    this.#observe(observation);
    outcome.reward = -1;
    outcome.terminated = this.#position >= GOAL_POSITION && this.#velocity >= this.#goalVelocity;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    [this.#position, this.#velocity] = takeState(state, 2);
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#position, this.#velocity];
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
  };
}
