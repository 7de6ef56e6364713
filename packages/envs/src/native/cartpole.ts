import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { cartPolePicture } from '../drawing/classic.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import * as constants from './cartpole-constants.ts';
import { CartPoleRows } from './cartpole-rows.ts';
import { takeState } from './state.ts';

// A module's own constants are compiled into its loops; imported ones would be read at each step (12 % of its time).
const { FORCE, GRAVITY, HALF_LENGTH, POLE_MASS, POLE_MASS_LENGTH, TAU, THETA_LIMIT, TOTAL_MASS, X_LIMIT } =
  constants;

/**
 * The cart and pole of Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult
 * learning control problems" (1983), as Gymnasium computes it: Euler steps in float64, each sum in its
 * order, so that observations agree bit for bit.
 */
class CartPole implements Environment {
  readonly #random: Random;
  readonly #suttonBarto: boolean;
  #x = 0;
  #xDot = 0;
  #theta = 0;
  #thetaDot = 0;

  constructor(random: Random, suttonBarto: boolean) {
    this.#random = random;
    this.#suttonBarto = suttonBarto;
  }

  reset(observation: ObservationArray): void {
    const draw = () => -0.05 + 0.1 * this.#random.uniform();
    this.#x = draw();
    this.#xDot = draw();
    this.#theta = draw();
    this.#thetaDot = draw();
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const xDot = this.#xDot;
    const thetaDot = this.#thetaDot;
    const force = action === 1 ? FORCE : -FORCE;
    const cos = Math.cos(this.#theta);
    const sin = Math.sin(this.#theta);
    const temp = (force + POLE_MASS_LENGTH * (thetaDot * thetaDot) * sin) / TOTAL_MASS;
    const thetaAcc =
      (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4 / 3 - (POLE_MASS * (cos * cos)) / TOTAL_MASS));
    const xAcc = temp - (POLE_MASS_LENGTH * thetaAcc * cos) / TOTAL_MASS;
    this.#x += TAU * xDot;
    this.#xDot = xDot + TAU * xAcc;
    this.#theta += TAU * thetaDot;
    this.#thetaDot = thetaDot + TAU * thetaAcc;
    this.#observe(observation);

    const fell =
      this.#x < -X_LIMIT || this.#x > X_LIMIT || this.#theta < -THETA_LIMIT || this.#theta > THETA_LIMIT;
    outcome.reward = this.#suttonBarto ? (fell ? -1 : 0) : 1;
    outcome.terminated = fell;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    [this.#x, this.#xDot, this.#theta, this.#thetaDot] = takeState(state, 4);
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#x, this.#xDot, this.#theta, this.#thetaDot];
  }

  picture(): Picture {
    return cartPolePicture(this.getState());
  }

  #observe(observation: ObservationArray): void {
    observation[0] = this.#x;
    observation[1] = this.#xDot;
    observation[2] = this.#theta;
    observation[3] = this.#thetaDot;
  }
}

const high = [X_LIMIT * 2, Number.POSITIVE_INFINITY, THETA_LIMIT * 2, Number.POSITIVE_INFINITY].map(
  Math.fround,
);

/** CartPole-v0 and -v1 differ in their time limits alone. State: x, ẋ, θ, θ̇ (metres, radians, seconds). */
export function cartPole(
  id: 'CartPole-v0' | 'CartPole-v1',
  options: { sutton_barto_reward: boolean },
): EnvironmentDefinition {
  const maxEpisodeSteps = id === 'CartPole-v1' ? 500 : 200;
  const suttonBarto = options.sutton_barto_reward;
  const authorsReturn = id === 'CartPole-v1' ? 475 : 195;
  return {
    id,
    native: true,
    observationSpace: box({ low: high.map((bound) => -bound), high }),
    actionSpace: discrete(2),
    maxEpisodeSteps,
    // The registered threshold is for the reward of 1 a step.
    solvedReturn: suttonBarto ? null : authorsReturn,
    summary: `Keep a pole upright for ${maxEpisodeSteps} steps by pushing its cart left or right.`,
    create: (random) => new CartPole(random, suttonBarto),
    createVector: () => new CartPoleRows(suttonBarto),
  };
}
