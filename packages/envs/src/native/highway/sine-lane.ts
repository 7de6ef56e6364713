import type { LaneOptions } from './lane.ts';
import { StraightLane } from './straight-lane.ts';

/** The wave of a sine lane: lateral = amplitude · sin(pulsation · s + phase). */
export interface Wave {
  /** In metres. */
  readonly amplitude: number;
  /** In radians a metre. */
  readonly pulsation: number;
  /** In radians. */
  readonly phase: number;
}

/** A lane that winds about the straight line between two points; s is the way along that line. */
export class SineLane extends StraightLane {
  readonly #wave: Wave;

  constructor(
    start: readonly [number, number],
    end: readonly [number, number],
    wave: Wave,
    options: LaneOptions = {},
  ) {
    super(start, end, options);
    this.#wave = wave;
  }

  override lateral(x: number, y: number, s: number): number {
    return super.lateral(x, y, s) - this.#offset(s);
  }

  override headingAt(s: number): number {
    const { amplitude, pulsation, phase } = this.#wave;
    return this.heading + Math.atan(amplitude * pulsation * Math.cos(pulsation * s + phase));
  }

  override xAt(s: number, lateral: number): number {
    return super.xAt(s, lateral + this.#offset(s));
  }

  override yAt(s: number, lateral: number): number {
    return super.yAt(s, lateral + this.#offset(s));
  }

  #offset(s: number): number {
    const { amplitude, pulsation, phase } = this.#wave;
    return amplitude * Math.sin(pulsation * s + phase);
  }
}
