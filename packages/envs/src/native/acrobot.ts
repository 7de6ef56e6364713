import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';
import { takeState } from './state.ts';

// Both links: 1 m and 1 kg, centre of mass halfway (0.5 m), moment of inertia 1 kg·m².
const GRAVITY = 9.8;
const DT = 0.2;
const MAX_VELOCITY_1 = 4 * Math.PI;
const MAX_VELOCITY_2 = 9 * Math.PI;

/**
 * The time derivative of (θ1, θ2, θ̇1, θ̇2) under a torque on the second joint: Sutton and Barto,
 * "Reinforcement Learning: An Introduction", 1998, section 11.3 (Gymnasium's `book` variant). The factors
 * that are 1 are left out; sums keep Gymnasium's order.
 */
function derivative(s: Float64Array, torque: number, out: Float64Array): void {
  const [theta1, theta2, dTheta1, dTheta2] = s;
  const cos2 = Math.cos(theta2);
  const sin2 = Math.sin(theta2);
  const d1 = 0.25 + (1.25 + cos2) + 1 + 1;
  const d2 = 0.25 + 0.5 * cos2 + 1;
  const phi2 = 0.5 * GRAVITY * Math.cos(theta1 + theta2 - Math.PI / 2);
  const phi1 =
    -0.5 * (dTheta2 * dTheta2) * sin2 -
    dTheta2 * dTheta1 * sin2 +
    1.5 * GRAVITY * Math.cos(theta1 - Math.PI / 2) +
    phi2;
  const ddTheta2 =
    (torque + (d2 / d1) * phi1 - 0.5 * (dTheta1 * dTheta1) * sin2 - phi2) / (0.25 + 1 - (d2 * d2) / d1);
  out[0] = dTheta1;
  out[1] = dTheta2;
  out[2] = -(d2 * ddTheta2 + phi1) / d1;
  out[3] = ddTheta2;
}

/** The angle in [−π, π]. */
function wrap(angle: number): number {
  let x = angle;
  while (x > Math.PI) x -= 2 * Math.PI;
  while (x < -Math.PI) x += 2 * Math.PI;
  return x;
}

const bound = (x: number, limit: number): number => Math.min(Math.max(x, -limit), limit);

/**
 * The two-link pendulum of Sutton, "Generalization in Reinforcement Learning: Successful Examples Using
 * Sparse Coarse Coding" (1996), one fourth-order Runge-Kutta step of 0.2 s an action, as Gymnasium computes
 * it.
 */
class Acrobot implements Environment {
  readonly #random: Random;
  readonly #state = new Float64Array(4);
  readonly #probe = new Float64Array(4);
  readonly #k1 = new Float64Array(4);
  readonly #k2 = new Float64Array(4);
  readonly #k3 = new Float64Array(4);
  readonly #k4 = new Float64Array(4);

  constructor(random: Random) {
    this.#random = random;
  }

  reset(observation: ObservationArray): void {
    // Gymnasium draws the first state in float32.
    for (let i = 0; i < 4; i++) this.#state[i] = Math.fround(-0.1 + 0.2 * this.#random.uniform());
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const state = this.#state;
    this.#integrate(action - 1);
    state[0] = wrap(state[0]);
    state[1] = wrap(state[1]);
    state[2] = bound(state[2], MAX_VELOCITY_1);
    state[3] = bound(state[3], MAX_VELOCITY_2);
    this.#observe(observation);
    // The tip is more than one link above the first joint.
    const high = -Math.cos(state[0]) - Math.cos(state[1] + state[0]) > 1;
    outcome.reward = high ? 0 : -1;
    outcome.terminated = high;
    outcome.truncated = false;
  }

  setState(state: unknown, observation: ObservationArray): void {
    this.#state.set(takeState(state, 4));
    this.#observe(observation);
  }

  getState(): number[] {
    return [...this.#state];
  }

  #integrate(torque: number): void {
    const y = this.#state;
    const [k1, k2, k3, k4] = [this.#k1, this.#k2, this.#k3, this.#k4];
    derivative(y, torque, k1);
    derivative(this.#ahead(DT / 2, k1), torque, k2);
    derivative(this.#ahead(DT / 2, k2), torque, k3);
    derivative(this.#ahead(DT, k3), torque, k4);
    for (let i = 0; i < 4; i++) y[i] += (DT / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }

  #ahead(dt: number, slope: Float64Array): Float64Array {
    for (let i = 0; i < 4; i++) this.#probe[i] = this.#state[i] + dt * slope[i];
    return this.#probe;
  }

  #observe(observation: ObservationArray): void {
    const [theta1, theta2, dTheta1, dTheta2] = this.#state;
    observation[0] = Math.cos(theta1);
    observation[1] = Math.sin(theta1);
    observation[2] = Math.cos(theta2);
    observation[3] = Math.sin(theta2);
    observation[4] = dTheta1;
    observation[5] = dTheta2;
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
  };
}
