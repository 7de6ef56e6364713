import { ColumnRows } from './column-rows.ts';
import { angleAfter, rewardOf, speedAfter, startAngle, startSpeed, torqueOf } from './pendulum-dynamics.ts';

/** Many Pendulums in one loop. Columns: θ, θ̇. */
export class PendulumRows extends ColumnRows {
  readonly #g: number;
  readonly #levels: number;

  /**
   * @param g gravity, m/s².
   * @param levels torques that there are.
   */
  constructor(g: number, levels: number) {
    super(2);
    this.#g = g;
    this.#levels = levels;
  }

  reset(row: number): void {
    const [angles, speeds] = this.columns;
    const random = this.streams[row];
    angles[row] = startAngle(random.uniform());
    speeds[row] = startSpeed(random.uniform());
    const { observations, stride } = this.arrays;
    const at = row * stride;
    observations[at] = Math.cos(angles[row]);
    observations[at + 1] = Math.sin(angles[row]);
    observations[at + 2] = speeds[row];
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.arrays;
    const [angles, speeds] = this.columns;
    const { rows } = this;
    for (let row = 0, at = 0; row < rows; row++, at += stride) {
      const torque = torqueOf(actions[row], this.#levels);
      rewards[row] = rewardOf(angles[row], speeds[row], torque);
      const speed = speedAfter(angles[row], speeds[row], torque, this.#g);
      const angle = angleAfter(angles[row], speed);
      angles[row] = angle;
      speeds[row] = speed;
      observations[at] = Math.cos(angle);
      observations[at + 1] = Math.sin(angle);
      observations[at + 2] = speed;
      terminated[row] = 0;
      truncated[row] = 0;
    }
  }
}
