import { AcrobotDynamics } from './acrobot-dynamics.ts';
import { ColumnRows } from './column-rows.ts';

/** Many Acrobots in one loop. Columns: θ1, θ2, θ̇1, θ̇2. */
export class AcrobotRows extends ColumnRows {
  /** One row's state at a time. */
  readonly #dynamics = new AcrobotDynamics();

  constructor() {
    super(4);
  }

  reset(row: number): void {
    const { observations, stride } = this.arrays;
    this.#dynamics.start(this.streams[row]);
    this.#keep(row);
    this.#dynamics.observe(observations, row * stride);
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.arrays;
    const dynamics = this.#dynamics;
    const { rows, columns } = this;
    for (let row = 0, at = 0; row < rows; row++, at += stride) {
      for (let i = 0; i < 4; i++) dynamics.state[i] = columns[i][row];
      dynamics.step(actions[row]);
      this.#keep(row);
      dynamics.observe(observations, at);
      const high = dynamics.isHigh;
      rewards[row] = high ? 0 : -1;
      terminated[row] = high ? 1 : 0;
      truncated[row] = 0;
    }
  }

  #keep(row: number): void {
    for (let i = 0; i < 4; i++) this.columns[i][row] = this.#dynamics.state[i];
  }
}
