import type { Random } from '@qfleet/random';
import type { RowArrays, VectorEnvironment } from '../vector-environment.ts';
import {
  FORCE,
  GRAVITY,
  HALF_LENGTH,
  POLE_MASS,
  POLE_MASS_LENGTH,
  TAU,
  THETA_LIMIT,
  TOTAL_MASS,
  X_LIMIT,
} from './cartpole-constants.ts';

/** Many CartPoles, in columns of float64: the steps of `CartPole`, each sum in its order, in one loop. */
export class CartPoleRows implements VectorEnvironment {
  /** It has none. */
  readonly failures: ReadonlyMap<number, unknown> = new Map();
  readonly #suttonBarto: boolean;
  readonly #streams: Random[] = [];
  #x = new Float64Array(8);
  #xDot = new Float64Array(8);
  #theta = new Float64Array(8);
  #thetaDot = new Float64Array(8);
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
    const { rows } = this;
    if (rows <= this.#x.length) return;
    const larger = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(2 * column.length);
      grown.set(column);
      return grown;
    };
    this.#x = larger(this.#x);
    this.#xDot = larger(this.#xDot);
    this.#theta = larger(this.#theta);
    this.#thetaDot = larger(this.#thetaDot);
  }

  remove(row: number): void {
    this.#streams.splice(row, 1);
    for (const column of [this.#x, this.#xDot, this.#theta, this.#thetaDot]) column.copyWithin(row, row + 1);
  }

  reset(row: number): void {
    const random = this.#streams[row];
    this.#x[row] = -0.05 + 0.1 * random.uniform();
    this.#xDot[row] = -0.05 + 0.1 * random.uniform();
    this.#theta[row] = -0.05 + 0.1 * random.uniform();
    this.#thetaDot[row] = -0.05 + 0.1 * random.uniform();
    const { observations, stride } = this.#arrays!;
    const at = row * stride;
    observations[at] = this.#x[row];
    observations[at + 1] = this.#xDot[row];
    observations[at + 2] = this.#theta[row];
    observations[at + 3] = this.#thetaDot[row];
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.#arrays!;
    const xs = this.#x;
    const xDots = this.#xDot;
    const thetas = this.#theta;
    const thetaDots = this.#thetaDot;
    const suttonBarto = this.#suttonBarto;
    const { rows } = this;
    for (let row = 0, at = 0; row < rows; row++, at += stride) {
      const xDot = xDots[row];
      const thetaDot = thetaDots[row];
      const force = actions[row] === 1 ? FORCE : -FORCE;
      const cos = Math.cos(thetas[row]);
      const sin = Math.sin(thetas[row]);
      const temp = (force + POLE_MASS_LENGTH * (thetaDot * thetaDot) * sin) / TOTAL_MASS;
      const thetaAcc =
        (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4 / 3 - (POLE_MASS * (cos * cos)) / TOTAL_MASS));
      const xAcc = temp - (POLE_MASS_LENGTH * thetaAcc * cos) / TOTAL_MASS;
      const x = xs[row] + TAU * xDot;
      const theta = thetas[row] + TAU * thetaDot;
      xs[row] = x;
      xDots[row] = xDot + TAU * xAcc;
      thetas[row] = theta;
      thetaDots[row] = thetaDot + TAU * thetaAcc;
      observations[at] = x;
      observations[at + 1] = xDots[row];
      observations[at + 2] = theta;
      observations[at + 3] = thetaDots[row];
      const fell = x < -X_LIMIT || x > X_LIMIT || theta < -THETA_LIMIT || theta > THETA_LIMIT;
      rewards[row] = suttonBarto ? (fell ? -1 : 0) : 1;
      terminated[row] = fell ? 1 : 0;
      truncated[row] = 0;
    }
  }

  close(): void {
    this.#streams.length = 0;
  }
}
