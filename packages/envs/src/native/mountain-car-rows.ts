import { ColumnRows } from './column-rows.ts';
import { isAtGoal, moved, pushed, startPosition, stopped } from './mountain-car-dynamics.ts';

/** Many MountainCars in one loop. Columns: position, velocity. */
export class MountainCarRows extends ColumnRows {
  readonly #goalVelocity: number;

  constructor(goalVelocity: number) {
    super(2);
    this.#goalVelocity = goalVelocity;
  }

  reset(row: number): void {
    const { observations, stride } = this.arrays;
    const [positions, velocities] = this.columns;
    positions[row] = startPosition(this.streams[row].uniform());
    velocities[row] = 0;
    observations[row * stride] = positions[row];
    observations[row * stride + 1] = 0;
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.arrays;
    const [positions, velocities] = this.columns;
    const { rows } = this;
    for (let row = 0, at = 0; row < rows; row++, at += stride) {
      const velocity = pushed(positions[row], velocities[row], actions[row]);
      const position = moved(positions[row], velocity);
      const left = stopped(position, velocity);
      positions[row] = position;
      velocities[row] = left;
      observations[at] = position;
      observations[at + 1] = left;
      rewards[row] = -1;
      terminated[row] = isAtGoal(position, left, this.#goalVelocity) ? 1 : 0;
      truncated[row] = 0;
    }
  }
}
