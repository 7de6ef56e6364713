import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { takeState } from './state.ts';

// The rod: 1 kg and 1 m.
const MASS = 1;
const LENGTH = 1;
const DT = 0.05;
const MAX_SPEED = 8;
const MAX_TORQUE = 2;

export interface PendulumOptions {
  /** Gravity, m/s². */
  readonly g: number;
  /** Torques that there are to choose from, at least 2. */
  readonly levels: number;
}

/** The torque of an action, N·m: `levels` of them, evenly spread over [−2, 2]. */
const torqueOf = (action: number, levels: number): number =>
  -MAX_TORQUE + (2 * MAX_TORQUE * action) / (levels - 1);

/** The angle in [−π, π). */
function wrap(angle: number): number {
  const turn = 2 * Math.PI;
  const rest = (angle + Math.PI) % turn;
  return (rest < 0 ? rest + turn : rest) - Math.PI;
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
    this.#theta = -Math.PI + 2 * Math.PI * this.#random.uniform();
    this.#speed = -1 + 2 * this.#random.uniform();
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const { g, levels } = this.#options;
    const torque = torqueOf(action, levels);
    const theta = this.#theta;
    const angle = wrap(theta);
    // Of the state before the step.
    outcome.reward = -(angle * angle + 0.1 * (this.#speed * this.#speed) + 0.001 * (torque * torque));
    const acceleration =
      ((3 * g) / (2 * LENGTH)) * Math.sin(theta) + (3 / (MASS * (LENGTH * LENGTH))) * torque;
    this.#speed = Math.min(Math.max(this.#speed + acceleration * DT, -MAX_SPEED), MAX_SPEED);
    this.#theta = theta + this.#speed * DT;
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
  };
}
