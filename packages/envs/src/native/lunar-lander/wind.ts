import type { Body } from 'planck';

const force = { x: 0, y: 0 };

/** Gymnasium's pattern, which never repeats; at most ±1. */
const pattern = (step: number): number => Math.tanh(Math.sin(0.02 * step) + Math.sin(Math.PI * 0.01 * step));

/** A wind that pushes and turns a hull, each by a pattern of its own. */
export class Wind {
  readonly #power: number;
  readonly #turbulence: number;
  #forceStep = 0;
  #torqueStep = 0;

  /**
   * @param power the most newtons that it pushes with.
   * @param turbulence the most newton metres that it turns with.
   */
  constructor(power: number, turbulence: number) {
    this.#power = power;
    this.#turbulence = turbulence;
  }

  /** Starts an episode, at these steps of the two patterns. */
  start(forceStep: number, torqueStep: number): void {
    this.#forceStep = forceStep;
    this.#torqueStep = torqueStep;
  }

  /** Blows for one step. */
  blow(hull: Body): void {
    force.x = this.#power * pattern(this.#forceStep++);
    hull.applyForceToCenter(force, true);
    hull.applyTorque(this.#turbulence * pattern(this.#torqueStep++), true);
  }
}
