import { RevoluteJoint, type TimeStep } from 'planck';

/**
 * Changes below this count as none, in m/s, rad/s and N·m·s: float32, which Box2D solves in, resolves 1e-7 of a velocity of 1.
 */
const NOTHING = 1e-12;
/** planck's `LimitState` of a joint that is between its limits, and at its lower one. */
const BETWEEN = 0;
const AT_LOWER = 1;

interface Velocity {
  readonly v: { x: number; y: number };
  w: number;
}

/** A column of a joint's matrix. */
interface Column {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** What planck's solver works on, and its types do not show. */
interface Inside {
  readonly m_bodyA: { readonly c_velocity: Velocity };
  readonly m_bodyB: { readonly c_velocity: Velocity };
  readonly m_invMassA: number;
  readonly m_invMassB: number;
  readonly m_invIA: number;
  readonly m_invIB: number;
  readonly m_rA: { readonly x: number; readonly y: number };
  readonly m_rB: { readonly x: number; readonly y: number };
  /** Symmetric. */
  readonly m_mass: { readonly ex: Column; readonly ey: Column; readonly ez: Column };
  readonly m_impulse: { x: number; y: number; z: number };
  readonly m_motorMass: number;
  m_motorImpulse: number;
  readonly m_limitState: number;
}

/**
 * A revolute joint with motor and limits that solves velocities as planck's does, without its allocations, and stops when they
 * have converged. The lander is solved with 180 iterations, as in Gymnasium, of which some ten change anything; the others would
 * cost planck most of a step.
 */
export class LegJoint extends RevoluteJoint {
  /** Whether the last iteration of this step changed nothing. */
  #converged = false;
  /** x, y and angular velocity of both bodies after the last iteration. */
  readonly #left = new Float64Array(6);

  override initVelocityConstraints(step: TimeStep): void {
    super.initVelocityConstraints(step);
    this.#converged = false;
  }

  override solveVelocityConstraints(step: TimeStep): void {
    const inside = this as unknown as Inside;
    const a = inside.m_bodyA.c_velocity;
    const b = inside.m_bodyB.c_velocity;
    // What else is solved, the other leg or a contact, may have moved them meanwhile.
    if (this.#converged && this.#moved(a, b) < NOTHING) return;
    this.#converged = this.#iterate(inside, a, b, step.dt) < NOTHING;
    const left = this.#left;
    left[0] = a.v.x;
    left[1] = a.v.y;
    left[2] = a.w;
    left[3] = b.v.x;
    left[4] = b.v.y;
    left[5] = b.w;
  }

  /** The most that a velocity differs from what the last iteration left. */
  #moved(a: Velocity, b: Velocity): number {
    const left = this.#left;
    return Math.max(
      Math.abs(a.v.x - left[0]),
      Math.abs(a.v.y - left[1]),
      Math.abs(a.w - left[2]),
      Math.abs(b.v.x - left[3]),
      Math.abs(b.v.y - left[4]),
      Math.abs(b.w - left[5]),
    );
  }

  /**
   * One iteration: the motor, then the point and the limit together.
   *
   * @returns the most that it changed. The motor's impulse counts: it may go on rising against that of the limit, which moves
   *   nothing yet, but tells when a contact takes the leg off its limit.
   */
  #iterate(inside: Inside, a: Velocity, b: Velocity, dt: number): number {
    const { m_invMassA: mA, m_invMassB: mB, m_invIA: iA, m_invIB: iB, m_rA: rA, m_rB: rB } = inside;
    const most = dt * this.getMaxMotorTorque();
    const before = inside.m_motorImpulse;
    const wanted = before - inside.m_motorMass * (b.w - a.w - this.getMotorSpeed());
    inside.m_motorImpulse = Math.min(Math.max(wanted, -most), most);
    const motor = inside.m_motorImpulse - before;
    const wA = a.w - iA * motor;
    const wB = b.w + iB * motor;

    // What is to vanish: the velocity of the leg's end against the hull's, and, at a limit, the joint's speed.
    const x = -(b.v.x - wB * rB.y - a.v.x + wA * rA.y);
    const y = -(b.v.y + wB * rB.x - a.v.y - wA * rA.x);
    const z = -(wB - wA);
    const { x: k11, y: k12, z: k13 } = inside.m_mass.ex;
    const { y: k22, z: k23 } = inside.m_mass.ey;
    const { z: k33 } = inside.m_mass.ez;
    const impulse = inside.m_impulse;
    const limit = inside.m_limitState;
    let px = 0;
    let py = 0;
    let pz = 0;
    let free = limit === BETWEEN;
    if (!free) {
      // Cramer's rule.
      const c1 = k22 * k33 - k23 * k23;
      const c2 = k23 * k13 - k12 * k33;
      const c3 = k12 * k23 - k22 * k13;
      const scale = 1 / (k11 * c1 + k12 * c2 + k13 * c3);
      px = scale * (x * c1 + y * c2 + z * c3);
      py = scale * (k11 * (y * k33 - z * k23) + k12 * (z * k13 - x * k33) + k13 * (x * k23 - y * k13));
      pz = scale * (k11 * (k22 * z - k23 * y) + k12 * (k23 * x - k12 * z) + k13 * (k12 * y - k22 * x));
      // A limit only pushes: where it would pull, it lets go.
      const sum = impulse.z + pz;
      free = limit === AT_LOWER ? sum < 0 : sum > 0;
    }
    if (free) {
      const released = limit === BETWEEN ? 0 : impulse.z;
      const restX = x + released * k13;
      const restY = y + released * k23;
      const scale = 1 / (k11 * k22 - k12 * k12);
      px = scale * (k22 * restX - k12 * restY);
      py = scale * (k11 * restY - k12 * restX);
      pz = -released;
    }
    impulse.x += px;
    impulse.y += py;
    impulse.z += pz;
    const turnB = iB * (rB.x * py - rB.y * px + pz);
    a.v.x -= mA * px;
    a.v.y -= mA * py;
    a.w = wA - iA * (rA.x * py - rA.y * px + pz);
    b.v.x += mB * px;
    b.v.y += mB * py;
    b.w = wB + turnB;
    // The leg is so much lighter that the hull moves less in all.
    return Math.max(mB * Math.abs(px), mB * Math.abs(py), Math.abs(iB * motor + turnB), Math.abs(motor));
  }
}
