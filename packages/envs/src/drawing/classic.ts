import { HALF_LENGTH, X_LIMIT } from '../native/cartpole-constants.ts';
import { GOAL_POSITION, MAX_POSITION, MIN_POSITION } from '../native/mountain-car-dynamics.ts';
import { BLUE, FAINT, GREEN, GREY, ORANGE, RED } from './colours.ts';
import { circle, lines, oblong, type Picture, type Point, polygon, rectangle } from './picture.ts';

/** The cart on its track, in metres, and the pole on it; an episode ends at the marks. */
export function cartPolePicture([x, , theta]: readonly number[]): Picture {
  const axle: Point = [x, 0];
  const tip: Point = [x + 2 * HALF_LENGTH * Math.sin(theta), 2 * HALF_LENGTH * Math.cos(theta)];
  const mark = (at: number): Point[] => [
    [at, -0.3],
    [at, 0],
  ];
  return {
    view: { x: -2.8, y: -0.4, width: 5.6, height: 1.6 },
    up: true,
    shapes: [
      lines(
        [
          [
            [-2.8, -0.15],
            [2.8, -0.15],
          ],
        ],
        0.02,
        GREY,
      ),
      lines([mark(-X_LIMIT), mark(X_LIMIT)], 0.03, RED),
      rectangle(x - 0.25, -0.15, 0.5, 0.3, BLUE),
      lines([[axle, tip]], 0.08, ORANGE),
      circle(x, 0, 0.05, GREY),
    ],
    legend: [
      { label: 'cart', colour: BLUE },
      { label: 'pole', colour: ORANGE },
      { label: 'end of the track', colour: RED },
    ],
  };
}

/** The car on its hill, which is as high as Gymnasium draws it: 0.45 · sin 3x + 0.55. */
export function mountainCarPicture([position]: readonly number[]): Picture {
  const height = (x: number) => 0.45 * Math.sin(3 * x) + 0.55;
  const slope = Math.atan(1.35 * Math.cos(3 * position));
  const above = (distance: number): Point => [
    position - distance * Math.sin(slope),
    height(position) + distance * Math.cos(slope),
  ];
  const [middle, hub] = [above(0.06), above(0.02)];
  const wheel = (along: number) =>
    circle(hub[0] + along * Math.cos(slope), hub[1] + along * Math.sin(slope), 0.02, GREY);
  const width = MAX_POSITION - MIN_POSITION;
  const hill = Array.from({ length: 61 }, (_, i): Point => {
    const x = MIN_POSITION + (width * i) / 60;
    return [x, height(x)];
  });
  const foot = height(GOAL_POSITION);
  return {
    view: { x: MIN_POSITION, y: 0, width, height: 1.25 },
    up: true,
    shapes: [
      polygon([[MIN_POSITION, 0], ...hill, [MAX_POSITION, 0]], FAINT),
      lines([hill], 0.008, GREY),
      lines(
        [
          [
            [GOAL_POSITION, foot],
            [GOAL_POSITION, foot + 0.2],
          ],
        ],
        0.008,
        GREY,
      ),
      polygon(
        [
          [GOAL_POSITION, foot + 0.2],
          [GOAL_POSITION, foot + 0.12],
          [GOAL_POSITION + 0.08, foot + 0.16],
        ],
        GREEN,
      ),
      oblong(middle, 0.12, 0.06, slope, BLUE),
      wheel(-0.04),
      wheel(0.04),
    ],
    legend: [
      { label: 'car', colour: BLUE },
      { label: 'goal', colour: GREEN },
    ],
  };
}

/** Both links from their joint at (0, 0), in metres, and the height that the tip has to pass. */
export function acrobotPicture([theta1, theta2]: readonly number[]): Picture {
  const elbow: Point = [Math.sin(theta1), -Math.cos(theta1)];
  const tip: Point = [elbow[0] + Math.sin(theta1 + theta2), elbow[1] - Math.cos(theta1 + theta2)];
  return {
    view: { x: -2.2, y: -2.2, width: 4.4, height: 4.4 },
    up: true,
    shapes: [
      lines(
        [
          [
            [-2.2, 1],
            [2.2, 1],
          ],
        ],
        0.03,
        GREEN,
      ),
      lines([[[0, 0], elbow]], 0.16, BLUE),
      lines([[elbow, tip]], 0.16, ORANGE),
      circle(0, 0, 0.11, GREY),
      circle(...elbow, 0.11, GREY),
    ],
    legend: [
      { label: 'first link', colour: BLUE },
      { label: 'second link', colour: ORANGE },
      { label: 'height to pass', colour: GREEN },
    ],
  };
}

/** The rod, 1 m long; 0 is upright, and positive angles are to the left. */
export function pendulumPicture([theta]: readonly number[]): Picture {
  return {
    view: { x: -1.3, y: -1.3, width: 2.6, height: 2.6 },
    up: true,
    shapes: [
      circle(0, 0, 1.05, FAINT),
      lines(
        [
          [
            [0, 0],
            [-Math.sin(theta), Math.cos(theta)],
          ],
        ],
        0.16,
        BLUE,
      ),
      circle(0, 0, 0.1, GREY),
    ],
    legend: [
      { label: 'rod', colour: BLUE },
      { label: 'motor', colour: GREY },
    ],
  };
}
