import { RevoluteJoint, type TimeStep } from 'planck';

/**
 * Changes below this count as none, in m/s, rad/s and N·m·s: float32, which Box2D solves in, resolves 1e-7 of a velocity of 1.
 */
const NOTHING = 1e-12;

/** The velocities that planck's solver works on, which its types do not show. */
interface Solved {
  readonly c_velocity: { readonly v: { readonly x: number; readonly y: number }; readonly w: number };
}

/**
 * A revolute joint that stops solving velocities when it has converged. The lander is solved with 180 iterations, as in
 * Gymnasium, of which some ten change anything; the others would cost planck most of a step.
 */
export class LegJoint extends RevoluteJoint {
  /** The motor's impulse, which planck's types do not show. */
  declare readonly m_motorImpulse: number;
  /** Whether the last iteration of this step changed nothing. */
  #converged = false;
  /** After the last iteration: x, y and angular velocity of both bodies, and the motor's impulse. */
  readonly #left = new Float64Array(7);

  override initVelocityConstraints(step: TimeStep): void {
    super.initVelocityConstraints(step);
    this.#converged = false;
  }

  override solveVelocityConstraints(step: TimeStep): void {
    const a = this.getBodyA() as unknown as Solved;
    const b = this.getBodyB() as unknown as Solved;
    // What else is solved, the other leg or a contact, may have moved them meanwhile.
    if (this.#converged && this.#changed(a, b) < NOTHING) return;
    this.#keep(a, b);
    super.solveVelocityConstraints(step);
    this.#converged = this.#changed(a, b) < NOTHING;
    this.#keep(a, b);
  }

  /**
   * The most that anything differs from what was kept. The motor's impulse may go on rising against that of the limit, which
   * moves nothing yet, but counts when a contact takes the leg off its limit.
   */
  #changed({ c_velocity: a }: Solved, { c_velocity: b }: Solved): number {
    const left = this.#left;
    return Math.max(
      Math.abs(a.v.x - left[0]),
      Math.abs(a.v.y - left[1]),
      Math.abs(a.w - left[2]),
      Math.abs(b.v.x - left[3]),
      Math.abs(b.v.y - left[4]),
      Math.abs(b.w - left[5]),
      Math.abs(this.m_motorImpulse - left[6]),
    );
  }

  #keep({ c_velocity: a }: Solved, { c_velocity: b }: Solved): void {
    const left = this.#left;
    left[0] = a.v.x;
    left[1] = a.v.y;
    left[2] = a.w;
    left[3] = b.v.x;
    left[4] = b.v.y;
    left[5] = b.w;
    left[6] = this.m_motorImpulse;
  }
}
