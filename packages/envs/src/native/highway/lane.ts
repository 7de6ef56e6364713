import { wrapAngle } from './numbers.ts';

/** How far a lane counts beyond its ends, in metres: a vehicle's length. */
const OVERRUN = 5;

/** How many parts of a lane are looked at for the circle around it. */
const BOUND_POINTS = 32;
/** The straight way to a lane is at most this many times the distance: sine lanes are measured along a slope. */
const DETOUR = 1.5;

/** The parallel lanes that lead from one node of a network to another, from left to right. */
export interface Segment {
  readonly from: string;
  readonly to: string;
  readonly lanes: Lane[];
}

/** What every kind of lane has beside its curve. */
export interface LaneOptions {
  /** In m/s. */
  readonly speedLimit?: number;
  /** Nobody may change into it. */
  readonly forbidden?: boolean;
  /** Who has the right of way at an intersection: the higher one. */
  readonly priority?: number;
}

/**
 * A lane, described by its centre line. A place is told by s, the way along it in metres, and by its lateral
 * offset, in metres to the right of travel.
 */
export abstract class Lane {
  readonly width = 4;
  readonly speedLimit: number;
  readonly forbidden: boolean;
  readonly priority: number;
  abstract readonly length: number;
  /** The segment that it is part of, and its number there. */
  segment!: Segment;
  id = 0;
  /** Its number among all lanes of the network. */
  index = 0;
  // A circle around its centre line.
  #centreX = 0;
  #centreY = 0;
  #reach = 0;

  constructor({ speedLimit = 20, forbidden = false, priority = 0 }: LaneOptions) {
    this.speedLimit = speedLimit;
    this.forbidden = forbidden;
    this.priority = priority;
  }

  /** Becomes part of a segment, when it is added to a network. */
  join(segment: Segment): void {
    this.segment = segment;
    this.id = segment.lanes.length;
    segment.lanes.push(this);
    this.#centreX = this.xAt(this.length / 2, 0);
    this.#centreY = this.yAt(this.length / 2, 0);
    for (let i = 0; i <= BOUND_POINTS; i++) {
      const s = (this.length * i) / BOUND_POINTS;
      const reach = Math.hypot(this.xAt(s, 0) - this.#centreX, this.yAt(s, 0) - this.#centreY);
      this.#reach = Math.max(this.#reach, reach + 1);
    }
  }

  /** Whether a point is surely farther from the lane than `distance` metres, as `distance()` measures it. */
  isFar(x: number, y: number, distance: number): boolean {
    const dx = x - this.#centreX;
    const dy = y - this.#centreY;
    const reach = this.#reach + DETOUR * distance;
    return dx * dx + dy * dy > reach * reach;
  }

  /** s of a point. */
  abstract along(x: number, y: number): number;
  /** The lateral offset of a point whose way along the lane is `s`. */
  abstract lateral(x: number, y: number, s: number): number;
  abstract headingAt(s: number): number;
  abstract xAt(s: number, lateral: number): number;
  abstract yAt(s: number, lateral: number): number;

  /** Whether a point is on the lane, made wider by `margin` metres on each side. */
  holds(x: number, y: number, margin: number): boolean {
    const s = this.along(x, y);
    return this.holdsAt(s, this.lateral(x, y, s), margin);
  }

  /** The same for a point whose coordinates on the lane are known. */
  holdsAt(s: number, lateral: number, margin: number): boolean {
    return Math.abs(lateral) <= this.width / 2 + margin && s >= -OVERRUN && s < this.length + OVERRUN;
  }

  /** Whether a vehicle at this point may change into the lane. */
  isReachableFrom(x: number, y: number): boolean {
    if (this.forbidden) return false;
    const s = this.along(x, y);
    return s >= 0 && s < this.length + OVERRUN && Math.abs(this.lateral(x, y, s)) <= 2 * this.width;
  }

  /** Whether a vehicle at this point has come to the lane's end. */
  isEnding(x: number, y: number): boolean {
    return this.along(x, y) > this.length - OVERRUN / 2;
  }

  /** The distance of a point: the lateral one, and the way beyond either end. */
  distance(x: number, y: number): number {
    const s = this.along(x, y);
    return Math.abs(this.lateral(x, y, s)) + Math.max(s - this.length, 0) + Math.max(-s, 0);
  }

  /** The distance of a point, and how far a heading differs from the lane's there, in radians. */
  distanceWithHeading(x: number, y: number, heading: number): number {
    const s = this.along(x, y);
    const angle = Math.abs(wrapAngle(heading - this.headingAt(s)));
    return Math.abs(this.lateral(x, y, s)) + Math.max(s - this.length, 0) + Math.max(-s, 0) + angle;
  }
}
