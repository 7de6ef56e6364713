import { Lane, type LaneOptions } from './lane.ts';
import { wrapAngle } from './numbers.ts';

/** An arc of a circle: angles in radians from the x axis towards y, which is clockwise as seen on a screen. */
export class CircularLane extends Lane {
  readonly length: number;
  readonly #x: number;
  readonly #y: number;
  readonly #radius: number;
  readonly #start: number;
  /** 1 clockwise, −1 anticlockwise. */
  readonly #turn: 1 | -1;

  constructor(
    centre: readonly [number, number],
    radius: number,
    start: number,
    end: number,
    options: LaneOptions = {},
  ) {
    super(options);
    [this.#x, this.#y] = centre;
    this.#radius = radius;
    this.#start = start;
    this.#turn = end > start ? 1 : -1;
    this.length = radius * Math.abs(end - start);
  }

  /** The lateral offset alone is at most the distance, and costs no arc tangent. */
  override isFar(x: number, y: number, distance: number): boolean {
    return Math.abs(this.lateral(x, y, 0)) > distance || super.isFar(x, y, distance);
  }

  along(x: number, y: number): number {
    const angle = wrapAngle(Math.atan2(y - this.#y, x - this.#x) - this.#start);
    return this.#turn * angle * this.#radius;
  }

  lateral(x: number, y: number, _s: number): number {
    const dx = x - this.#x;
    const dy = y - this.#y;
    return this.#turn * (this.#radius - Math.sqrt(dx * dx + dy * dy));
  }

  headingAt(s: number): number {
    return this.#angle(s) + (Math.PI / 2) * this.#turn;
  }

  xAt(s: number, lateral: number): number {
    return this.#x + (this.#radius - lateral * this.#turn) * Math.cos(this.#angle(s));
  }

  yAt(s: number, lateral: number): number {
    return this.#y + (this.#radius - lateral * this.#turn) * Math.sin(this.#angle(s));
  }

  #angle(s: number): number {
    return (this.#turn * s) / this.#radius + this.#start;
  }
}
