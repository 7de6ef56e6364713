import type { Random } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';

// Both links: 1 m and 1 kg, centre of mass halfway (0.5 m), moment of inertia 1 kg·m².
const GRAVITY = 9.8;
const DT = 0.2;
/** Radians a second, of the first joint and of the second. */
export const MAX_VELOCITY_1 = 4 * Math.PI;
export const MAX_VELOCITY_2 = 9 * Math.PI;

/**
 * The time derivative of (θ1, θ2, θ̇1, θ̇2) under a torque on the second joint: Sutton and Barto,
 * "Reinforcement Learning: An Introduction", 1998, section 11.3 (Gymnasium's `book` variant). The factors
 * that are 1 are left out; sums keep Gymnasium's order.
 */
function derivative(s: Float64Array, torque: number, out: Float64Array): void {
  const theta1 = s[0];
  const theta2 = s[1];
  const dTheta1 = s[2];
  const dTheta2 = s[3];
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

/** A state of Acrobot, and what moves it. */
export class AcrobotDynamics {
  /** θ1, θ2, θ̇1, θ̇2. */
  readonly state = new Float64Array(4);
  readonly #probe = new Float64Array(4);
  readonly #k1 = new Float64Array(4);
  readonly #k2 = new Float64Array(4);
  readonly #k3 = new Float64Array(4);
  readonly #k4 = new Float64Array(4);

  /** Draws the state that an episode starts in. */
  start(random: Random): void {
    // Gymnasium draws the first state in float32.
    for (let i = 0; i < 4; i++) this.state[i] = Math.fround(-0.1 + 0.2 * random.uniform());
  }

  /** Takes an action: 0, 1 or 2 is a torque of −1, 0 or 1 N·m. */
  step(action: number): void {
    const { state } = this;
    this.#integrate(action - 1);
    state[0] = wrap(state[0]);
    state[1] = wrap(state[1]);
    state[2] = bound(state[2], MAX_VELOCITY_1);
    state[3] = bound(state[3], MAX_VELOCITY_2);
  }

  /** Whether the tip is more than one link above the first joint. */
  get isHigh(): boolean {
    const { state } = this;
    return -Math.cos(state[0]) - Math.cos(state[1] + state[0]) > 1;
  }

  /** Writes the observation from element `at` on. */
  observe(observation: ObservationArray, at: number): void {
    const { state } = this;
    observation[at] = Math.cos(state[0]);
    observation[at + 1] = Math.sin(state[0]);
    observation[at + 2] = Math.cos(state[1]);
    observation[at + 3] = Math.sin(state[1]);
    observation[at + 4] = state[2];
    observation[at + 5] = state[3];
  }

  /** One fourth-order Runge-Kutta step. */
  #integrate(torque: number): void {
    const y = this.state;
    const k1 = this.#k1;
    const k2 = this.#k2;
    const k3 = this.#k3;
    const k4 = this.#k4;
    derivative(y, torque, k1);
    derivative(this.#ahead(DT / 2, k1), torque, k2);
    derivative(this.#ahead(DT / 2, k2), torque, k3);
    derivative(this.#ahead(DT, k3), torque, k4);
    for (let i = 0; i < 4; i++) y[i] += (DT / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }

  #ahead(dt: number, slope: Float64Array): Float64Array {
    for (let i = 0; i < 4; i++) this.#probe[i] = this.state[i] + dt * slope[i];
    return this.#probe;
  }
}
