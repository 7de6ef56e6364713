import type { Lane } from './lane.ts';

/** A rectangle on the road that others can crash into: a vehicle or an obstacle. Metres, radians, m/s. */
export class Body {
  readonly length: number;
  readonly width: number;
  readonly diagonal: number;
  x: number;
  y: number;
  speed = 0;
  /** The lane that is nearest. */
  lane: Lane;
  crashed = false;
  /** Whether it looks for crashes of its own; those who do find it anyway. */
  checkCollisions = true;
  #heading = 0;
  #cos = 1;
  #sin = 0;

  constructor(x: number, y: number, lane: Lane, length: number, width: number) {
    this.x = x;
    this.y = y;
    this.lane = lane;
    this.length = length;
    this.width = width;
    this.diagonal = Math.sqrt(length * length + width * width);
  }

  get heading(): number {
    return this.#heading;
  }

  set heading(heading: number) {
    this.#heading = heading;
    this.#cos = Math.cos(heading);
    this.#sin = Math.sin(heading);
  }

  /** The cosine of its heading. */
  get cos(): number {
    return this.#cos;
  }

  /** The sine of its heading. */
  get sin(): number {
    return this.#sin;
  }

  /** How far `other` is ahead along this body's lane. */
  distanceTo(other: Body): number {
    return this.lane.along(other.x, other.y) - this.lane.along(this.x, this.y);
  }

  isOnRoad(): boolean {
    return this.lane.holds(this.x, this.y, 0);
  }
}

/** What stands at the end of a ramp: 2 × 2 m, and it does not move. */
export class Obstacle extends Body {
  constructor(x: number, y: number, lane: Lane) {
    super(x, y, lane, 2, 2);
  }
}
