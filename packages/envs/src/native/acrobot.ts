import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { acrobotPicture } from '../drawing/classic.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { AcrobotDynamics, MAX_VELOCITY_1, MAX_VELOCITY_2 } from './acrobot-dynamics.ts';
import { AcrobotRows } from './acrobot-rows.ts';
import { takeState } from './state.ts';

/**
 * The two-link pendulum of Sutton, "Generalization in Reinforcement Learning: Successful Examples Using
 * Sparse Coarse Coding" (1996), one fourth-order Runge-Kutta step of 0.2 s an action, as Gymnasium computes
 * it.
 */
class Acrobot implements Environment {
  readonly #random: Random;
  readonly #dynamics = new AcrobotDynamics();

  constructor(random: Random) {
    this.#random = random;
  }

  reset(observation: ObservationArray): void {
    this.#dynamics.start(this.#random);
    this.#dynamics.observe(observation, 0);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#dynamics.step(action);
    this.#dynamics.observe(observation, 0);
    const high = this.#dynamics.isHigh;
    outcome.reward = high ? 0 : -1;
    outcome.terminated = high;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    this.#dynamics.state.set(takeState(state, 4));
    this.#dynamics.observe(observation, 0);
  }

  getState(): number[] {
    return [...this.#dynamics.state];
  }

  picture(): Picture {
    return acrobotPicture(this.getState());
  }
}

const high = [1, 1, 1, 1, MAX_VELOCITY_1, MAX_VELOCITY_2].map(Math.fround);

/** State: θ1, θ2, θ̇1, θ̇2 (radians, seconds; θ1 = 0 hangs down, θ2 is relative to the first link). */
export function acrobot(id: string): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: box({ low: high.map((limit) => -limit), high }),
    actionSpace: discrete(3),
    maxEpisodeSteps: 500,
    solvedReturn: -100,
    summary: 'Swing a two-link pendulum above its joint.',
    create: (random) => new Acrobot(random),
    createVector: () => new AcrobotRows(),
  };
}
