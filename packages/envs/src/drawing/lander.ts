import { BLUE, FAINT, GREEN, GREY, ORANGE } from './colours.ts';
import { lines, type Picture, type Point, polygon } from './picture.ts';

/** The lander over its ground, in metres. */
export interface DrawnLander {
  /** The size of the world. */
  readonly width: number;
  readonly height: number;
  /** The ground's points from left to right. */
  readonly ground: readonly Point[];
  /** The ends of the pad on the ground. */
  readonly pad: readonly [Point, Point];
  /** The corners of each body. */
  readonly hull: readonly Point[];
  readonly legs: readonly (readonly Point[])[];
}

export function landerPicture({ width, height, ground, pad, hull, legs }: DrawnLander): Picture {
  return {
    view: { x: 0, y: 0, width, height },
    up: true,
    shapes: [
      polygon([[0, 0], ...ground, [width, 0]], FAINT),
      lines([ground], 0.06, GREY),
      lines([pad], 0.16, GREEN),
      ...legs.map((leg) => polygon(leg, ORANGE)),
      polygon(hull, BLUE),
    ],
    legend: [
      { label: 'hull', colour: BLUE },
      { label: 'legs', colour: ORANGE },
      { label: 'pad', colour: GREEN },
    ],
  };
}
