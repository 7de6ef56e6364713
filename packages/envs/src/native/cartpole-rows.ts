import type { Random } from '@qfleet/random';
import type { RowArrays, VectorEnvironment } from '../vector-environment.ts';
import * as constants from './cartpole-constants.ts';

// A module's own constants are compiled into its loops; imported ones would be read at each step (12 % of its time).
const { FORCE, GRAVITY, HALF_LENGTH, POLE_MASS, POLE_MASS_LENGTH, TAU, THETA_LIMIT, TOTAL_MASS, X_LIMIT } =
  constants;

/** Elements of a row's state: x, ẋ, θ, θ̇. */
const STATE = 4;

/** Many CartPoles: the steps of `CartPole`, each sum in its order, in one loop over an array of their states. */
export class CartPoleRows implements VectorEnvironment {
  /** It has none. */
  readonly failures: ReadonlyMap<number, unknown> = new Map();
  readonly #suttonBarto: boolean;
  readonly #streams: Random[] = [];
  /** [rows, 4], with room for more rows: one array, so that the loop has few to hold in registers. */
  #states = new Float64Array(8 * STATE);
  #arrays: RowArrays | null = null;

  constructor(suttonBarto: boolean) {
    this.#suttonBarto = suttonBarto;
  }

  get rows(): number {
    return this.#streams.length;
  }

  bind(arrays: RowArrays): void {
    this.#arrays = arrays;
  }

  add(random: Random): void {
    this.#streams.push(random);
    const states = this.#states;
    if (this.rows * STATE <= states.length) return;
    this.#states = new Float64Array(2 * states.length);
    this.#states.set(states);
  }

  remove(row: number): void {
    this.#streams.splice(row, 1);
    this.#states.copyWithin(row * STATE, (row + 1) * STATE);
  }

  reset(row: number): void {
    const random = this.#streams[row];
    const states = this.#states;
    const { observations, stride } = this.#arrays!;
    for (let i = 0; i < STATE; i++) {
      const value = -0.05 + 0.1 * random.uniform();
      states[row * STATE + i] = value;
      observations[row * stride + i] = value;
    }
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.#arrays!;
    const states = this.#states;
    const suttonBarto = this.#suttonBarto;
    const { rows } = this;
    for (let row = 0, s = 0, at = 0; row < rows; row++, s += STATE, at += stride) {
      const xDot = states[s + 1];
      const thetaDot = states[s + 3];
      // No branch: which way a cart is pushed cannot be predicted.
      const force = (2 * actions[row] - 1) * FORCE;
      const cos = Math.cos(states[s + 2]);
      const sin = Math.sin(states[s + 2]);
      const temp = (force + POLE_MASS_LENGTH * (thetaDot * thetaDot) * sin) / TOTAL_MASS;
      const thetaAcc =
        (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4 / 3 - (POLE_MASS * (cos * cos)) / TOTAL_MASS));
      const xAcc = temp - (POLE_MASS_LENGTH * thetaAcc * cos) / TOTAL_MASS;
      const x = states[s] + TAU * xDot;
      const theta = states[s + 2] + TAU * thetaDot;
      const nextXDot = xDot + TAU * xAcc;
      const nextThetaDot = thetaDot + TAU * thetaAcc;
      states[s] = x;
      states[s + 1] = nextXDot;
      states[s + 2] = theta;
      states[s + 3] = nextThetaDot;
      observations[at] = x;
      observations[at + 1] = nextXDot;
      observations[at + 2] = theta;
      observations[at + 3] = nextThetaDot;
      const fell = Math.abs(x) > X_LIMIT || Math.abs(theta) > THETA_LIMIT;
      rewards[row] = suttonBarto ? (fell ? -1 : 0) : 1;
      terminated[row] = fell ? 1 : 0;
      truncated[row] = 0;
    }
  }

  close(): void {
    this.#streams.length = 0;
  }
}
