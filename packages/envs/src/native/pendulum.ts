import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { pendulumPicture } from '../drawing/classic.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import {
  angleAfter,
  MAX_SPEED,
  rewardOf,
  speedAfter,
  startAngle,
  startSpeed,
  torqueOf,
} from './pendulum-dynamics.ts';
import { PendulumRows } from './pendulum-rows.ts';
import { takeState } from './state.ts';

export interface PendulumOptions {
  /** Gravity, m/s². */
  readonly g: number;
  /** Torques that there are to choose from, at least 2. */
  readonly levels: number;
}

/** Gymnasium's pendulum: speed first, then the angle by the new speed. */
class Pendulum implements Environment {
  readonly #random: Random;
  readonly #options: PendulumOptions;
  #theta = 0;
  #speed = 0;

  constructor(random: Random, options: PendulumOptions) {
    this.#random = random;
    this.#options = options;
  }

  reset(observation: ObservationArray): void {
    this.#theta = startAngle(this.#random.uniform());
    this.#speed = startSpeed(this.#random.uniform());
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const { g, levels } = this.#options;
    const torque = torqueOf(action, levels);
    // The reward is that of the state before the step.
    outcome.reward = rewardOf(this.#theta, this.#speed, torque);
    this.#speed = speedAfter(this.#theta, this.#speed, torque, g);
    this.#theta = angleAfter(this.#theta, this.#speed);
    this.#observe(observation);
    outcome.terminated = false;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    [this.#theta, this.#speed] = takeState(state, 2);
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#theta, this.#speed];
  }

  picture(): Picture {
    return pendulumPicture(this.getState());
  }

  #observe(observation: ObservationArray): void {
    observation[0] = Math.cos(this.#theta);
    observation[1] = Math.sin(this.#theta);
    observation[2] = this.#speed;
  }
}

/**
 * Gymnasium's Pendulum-v1 with its torque in levels, since actions are discrete: action i is −2 + 4i/(levels − 1) N·m.
 * State: θ (radians; 0 is upright, not wrapped), θ̇ (radians a second).
 */
export function pendulum(id: string, options: PendulumOptions): EnvironmentDefinition {
  const high = [1, 1, MAX_SPEED];
  return {
    id,
    native: true,
    observationSpace: box({ low: high.map((bound) => -bound), high }),
    actionSpace: discrete(options.levels),
    maxEpisodeSteps: 200,
    solvedReturn: null,
    summary: `Swing a pendulum up and hold it there, by ${options.levels} torques from −2 to 2 N·m.`,
    create: (random) => new Pendulum(random, options),
    createVector: () => new PendulumRows(options.g, options.levels),
  };
}
