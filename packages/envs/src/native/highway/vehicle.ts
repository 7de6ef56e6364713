import { Body } from './body.ts';
import type { Lane } from './lane.ts';
import type { RoadNetwork, RouteStep } from './network.ts';
import { clamp, notZero, wrapAngle } from './numbers.ts';

export const LENGTH = 5;
export const WIDTH = 2;
const MAX_SPEED = 40;
const MAX_STEERING = Math.PI / 3;
// The controllers' gains, the inverse of their characteristic times in seconds.
const SPEED_GAIN = 1 / 0.6;
const LATERAL_GAIN = 1 / 0.6;
const HEADING_GAIN = 1 / 0.2;
/** How far ahead the lane's heading is taken, in seconds. */
const PURSUIT = 0.1;

/**
 * A vehicle that follows a target lane at a target speed: two proportional controllers over a bicycle model
 * whose axles are half its length from the centre.
 */
export class Vehicle extends Body {
  readonly id: number;
  /** Its place among the road's vehicles, as of the last `Road.locate`. */
  order = -1;
  target: Lane;
  targetSpeed: number;
  /** The segments to come, the present one first, or `null` where it goes as the road does. */
  route: RouteStep[] | null = null;
  /** The last commands: radians, m/s². */
  steering = 0;
  acceleration = 0;
  /** How far a crash will push it in the next step, in metres. */
  impactX = 0;
  impactY = 0;
  hasImpact = false;
  /** Traffic: seconds since its driver last thought of changing lanes. */
  timer = 0;
  /** Traffic: the exponent of speed in the car-following model. */
  delta = 4;
  /** Traffic: whether it ever changes lanes. */
  changesLanes = true;
  /** Traffic: whether it stopped to give way. */
  isYielding = false;
  /** The agent's: which of its target speeds it wants. */
  speedIndex = 0;

  constructor(id: number, x: number, y: number, lane: Lane, speed: number) {
    super(x, y, lane, LENGTH, WIDTH);
    this.id = id;
    this.speed = speed;
    this.target = lane;
    this.targetSpeed = speed;
  }

  /** Goes on to the next lane at the end of the target lane. */
  followRoad(network: RoadNetwork): void {
    if (!this.target.isEnding(this.x, this.y)) return;
    this.target = network.next(this.target, this.route, this.x, this.y);
  }

  /** The steering angle that leads to the middle of the target lane, in radians. */
  steer(): number {
    const { target, speed } = this;
    const s = target.along(this.x, this.y);
    const lateralSpeed = -LATERAL_GAIN * target.lateral(this.x, this.y, s);
    const divisor = notZero(speed);
    const slant = Math.asin(clamp(lateralSpeed / divisor, -1, 1));
    const wanted = target.headingAt(s + speed * PURSUIT) + clamp(slant, -Math.PI / 4, Math.PI / 4);
    const turn = HEADING_GAIN * wrapAngle(wanted - this.heading);
    const slip = Math.asin(clamp((LENGTH / 2 / divisor) * turn, -1, 1));
    return clamp(Math.atan(2 * Math.tan(slip)), -MAX_STEERING, MAX_STEERING);
  }

  /** The acceleration that leads to the target speed, in m/s². */
  accelerate(): number {
    return SPEED_GAIN * (this.targetSpeed - this.speed);
  }

  /** Moves for `dt` seconds on the last commands. */
  step(network: RoadNetwork, dt: number): void {
    this.#limitCommands();
    const { speed } = this;
    const slip = Math.atan(Math.tan(this.steering) / 2);
    this.x += speed * Math.cos(this.heading + slip) * dt;
    this.y += speed * Math.sin(this.heading + slip) * dt;
    if (this.hasImpact) {
      this.x += this.impactX;
      this.y += this.impactY;
      this.crashed = true;
      this.hasImpact = false;
    }
    this.heading += ((speed * Math.sin(slip)) / (LENGTH / 2)) * dt;
    this.speed += this.acceleration * dt;
    this.lane = network.nearest(this.x, this.y, this.heading, this.lane);
  }

  /** Has a crash push it in the next step. */
  push(x: number, y: number): void {
    this.impactX = x;
    this.impactY = y;
    this.hasImpact = true;
  }

  /** A crashed vehicle brakes straight on; one that is too fast comes back to the limit. */
  #limitCommands(): void {
    if (this.crashed) {
      this.steering = 0;
      this.acceleration = -this.speed;
    }
    if (this.speed > MAX_SPEED) this.acceleration = Math.min(this.acceleration, MAX_SPEED - this.speed);
    else if (this.speed < -MAX_SPEED)
      this.acceleration = Math.max(this.acceleration, -MAX_SPEED - this.speed);
  }
}
